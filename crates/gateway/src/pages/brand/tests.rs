use florin_engine::directory::Brand;

use super::{BLACK, CONTRAST_MIN, Colour, DARK_GROUND, LIGHT_GROUND, WHITE, logo, style};

fn brand(accent: &str, logo: &str) -> Brand {
    Brand { accent: accent.to_owned(), logo: logo.to_owned() }
}

#[test]
fn every_colour_stays_readable() {
    let steps = [0_u8, 51, 102, 153, 204, 255];
    for red in steps {
        for green in steps {
            for blue in steps {
                let accent = Colour([red, green, blue]);
                for (ground, towards) in [(LIGHT_GROUND, BLACK), (DARK_GROUND, WHITE)] {
                    let shade = accent.until_readable(ground, towards);
                    assert!(shade.contrast(ground) >= CONTRAST_MIN, "{accent:?} on {ground:?}");
                    let on_it = shade.contrast(WHITE).max(shade.contrast(BLACK));
                    assert!(on_it >= CONTRAST_MIN, "text on {shade:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_no_colour_and_no_logo_is_left_out() {
    for accent in ["", "red", "#12345", "#12345g", "#1234567", "#12é45", "};body{}"] {
        assert_eq!(style(&brand(accent, "")), "", "{accent}");
    }
    assert!(style(&brand("#0a7d4f", "")).starts_with(":root{--accent:#0a7"));
    for text in [
        "https://shop.example/logo.png",
        "data:text/html;base64,AAAA",
        "data:image/png;base64,\"><script>",
        "data:image/gif;base64,AA",
    ] {
        assert_eq!(logo(&brand("", text)), "", "{text}");
    }
    assert_eq!(logo(&brand("", "data:image/png;base64,iVBORw0KGgo=")), "data:image/png;base64,iVBORw0KGgo=");
}
