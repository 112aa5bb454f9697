//! QR codes as they are drawn: black modules on white with their quiet zone, in dark pages too, since readers expect it.

use qrcode::{Color, EcLevel, QrCode};

/// Modules of the quiet zone on each side (ISO/IEC 18004, 6.3.8).
const QUIET: usize = 4;
/// Pixels of a module, where an image has a size of its own.
pub(crate) const MODULE_PX: usize = 8;

/// The modules of a code with its quiet zone.
pub(crate) struct Modules {
    width: usize,
    /// Modules on a side, the quiet zone counted.
    pub(crate) side: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// The code of a text; nothing where the text is too long.
    pub(crate) fn of(text: &str) -> Option<Modules> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
        let width = code.width();
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Modules { width, side: width + 2 * QUIET, dark })
    }

    /// Whether a module is dark; those of the quiet zone are not.
    pub(crate) fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |place: usize| place.checked_sub(QUIET).filter(|place| *place < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.dark[y * self.width + x],
            (Some(_) | None, _) => false,
        }
    }

    /// An SVG image.
    pub(crate) fn svg(&self) -> String {
        let mut path = String::new();
        for y in 0..self.side {
            for x in (0..self.side).filter(|x| self.is_dark(*x, y)) {
                path.push_str(&format!("M{x} {y}h1v1h-1z"));
            }
        }
        let (side, px) = (self.side, self.side * MODULE_PX);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{px}\" height=\"{px}\" viewBox=\"0 0 {side} {side}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }
}

/// An SVG image of a text; nothing where the text is too long.
pub(crate) fn svg(text: &str) -> Option<String> {
    Modules::of(text).map(|modules| modules.svg())
}

#[cfg(test)]
mod tests {
    use super::svg;

    #[test]
    fn a_code_is_drawn_with_its_quiet_zone() {
        let text = "bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744";
        let svg = svg(text).expect("it fits");
        assert!(svg.starts_with("<svg") && svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 4h1"), "{}", &svg[..200]);
        assert_eq!(super::svg(&"x".repeat(4_000)), None);
    }
}
