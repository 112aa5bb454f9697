//! A merchant's colour and logo on its payers' pages. Whatever colour a merchant likes, text in it and on it stays readable
//! (WCAG 2.1, 1.4.3: a contrast of 4.5 to 1), in light and in dark.

use florin_engine::directory::Brand;

#[cfg(test)]
mod tests;

/// Contrast of text and ground.
const CONTRAST_MIN: f64 = 4.5;
/// The grounds of our two looks that text in the accent stands on.
const LIGHT_GROUND: Colour = Colour([0xee, 0xf0, 0xed]);
const DARK_GROUND: Colour = Colour([0x23, 0x28, 0x2d]);
/// `--accent` and `--accent-ink` of our style sheet, in light and in dark.
const OURS_LIGHT: (&str, &str) = ("#1b4f8a", "#ffffff");
const OURS_DARK: (&str, &str) = ("#93bdf2", "#0d1c2e");
const WHITE: Colour = Colour([0xff; 3]);
const BLACK: Colour = Colour([0; 3]);
/// So that a page with a logo stays light.
const LOGO_LENGTH_MAX: usize = 24 * 1024;
const LOGO_TYPES: [&str; 4] = ["png", "jpeg", "webp", "svg+xml"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Colour([u8; 3]);

/// A style that sets the accent, or nothing.
pub fn style(brand: &Brand) -> String {
    let Some(accent) = Colour::parse(&brand.accent) else { return String::new() };
    let light = accent.until_readable(LIGHT_GROUND, BLACK).rule();
    let dark = accent.until_readable(DARK_GROUND, WHITE).rule();
    format!(
        ":root{{{light}}}@media (prefers-color-scheme:dark){{:root:not([data-theme=\"light\"]){{{dark}}}}}:root[data-theme=\"dark\"]{{{dark}}}"
    )
}

/// The accent and what stands on it, in light and in dark, for where no style sheet of ours is: e-mails. Ours where the merchant
/// has none.
pub fn accents(brand: &Brand) -> Accents {
    let pair = |(colour, ink): (&str, &str)| (colour.to_owned(), ink.to_owned());
    let Some(accent) = Colour::parse(&brand.accent) else {
        return Accents { light: pair(OURS_LIGHT), dark: pair(OURS_DARK) };
    };
    let shade = |ground, towards| {
        let shade = accent.until_readable(ground, towards);
        (shade.text(), shade.ink().text())
    };
    Accents { light: shade(LIGHT_GROUND, BLACK), dark: shade(DARK_GROUND, WHITE) }
}

/// An accent with the ink that stands on it, `#rrggbb` each.
pub struct Accents {
    /// In the light look.
    pub light: (String, String),
    /// In the dark look.
    pub dark: (String, String),
}

/// The logo, if it is one.
pub fn logo(brand: &Brand) -> &str {
    let kind = brand.logo.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
    let plain =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    match kind {
        Some((kind, data)) if LOGO_TYPES.contains(&kind) && data.len() <= LOGO_LENGTH_MAX && plain(data) => &brand.logo,
        Some(_) | None => "",
    }
}

impl Colour {
    fn parse(text: &str) -> Option<Colour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).ok();
        Some(Colour([part(0)?, part(2)?, part(4)?]))
    }

    fn text(self) -> String {
        let Colour([red, green, blue]) = self;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// The accent, what stands on it, and its deeper shade.
    fn rule(self) -> String {
        let ink = self.ink();
        // Away from its ink, so that a button under the pointer is no less readable.
        let away = if ink == WHITE { BLACK } else { WHITE };
        let deep = self.mixed(away, 20);
        format!("--accent:{};--accent-ink:{};--accent-deep:{}", self.text(), ink.text(), deep.text())
    }

    /// What stands on it.
    fn ink(self) -> Colour {
        if self.contrast(WHITE) >= self.contrast(BLACK) { WHITE } else { BLACK }
    }

    /// The colour, mixed with `towards` as far as text in it needs on a ground.
    fn until_readable(self, ground: Colour, towards: Colour) -> Colour {
        let shades = (0..=100).step_by(4).map(|percent| self.mixed(towards, percent));
        shades.into_iter().find(|shade| shade.contrast(ground) >= CONTRAST_MIN).unwrap_or(towards)
    }

    fn mixed(self, with: Colour, percent: u32) -> Colour {
        let mix = |own: u8, other: u8| ((u32::from(own) * (100 - percent) + u32::from(other) * percent) / 100) as u8;
        Colour([0, 1, 2].map(|part| mix(self.0[part], with.0[part])))
    }

    /// WCAG 2.1, "contrast ratio".
    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// WCAG 2.1, "relative luminance".
    fn luminance(self) -> f64 {
        let part = |value: u8| match f64::from(value) / 255.0 {
            low if low <= 0.040_45 => low / 12.92,
            high => ((high + 0.055) / 1.055).powf(2.4),
        };
        let [red, green, blue] = self.0.map(part);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}
