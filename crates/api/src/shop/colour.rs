//! Colours, and whether one can be read on another (WCAG 2.2, "relative luminance", "contrast ratio").

use std::fmt;
use std::str::FromStr;

/// A colour of sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour([u8; 3]);

/// The text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidColour;

impl fmt::Display for InvalidColour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("write a colour as '#' and six hexadecimal digits, like #d93206")
    }
}

impl std::error::Error for InvalidColour {}

impl Colour {
    pub(super) const BLACK: Self = Self([0; 3]);
    pub(super) const WHITE: Self = Self([u8::MAX; 3]);

    /// From its three channels, written as in a stylesheet: `0x00_d9_32_06`.
    pub(super) const fn from_hex(hex: u32) -> Self {
        let [_, red, green, blue] = hex.to_be_bytes();
        Self([red, green, blue])
    }

    /// From 1, where nothing can be told apart, to 21, black on white.
    pub(super) fn contrast_with(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(two) / one.min(two)
    }

    /// This much of the way to another colour: 0 is this one, 1 the other.
    pub(super) fn towards(self, other: Self, share: f64) -> Self {
        let mut channels = self.0;
        for (channel, goal) in channels.iter_mut().zip(other.0) {
            let mixed = f64::from(*channel) * (1.0 - share) + f64::from(goal) * share;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a mean of two bytes is a byte"
            )]
            let mixed = mixed.round() as u8;
            *channel = mixed;
        }
        Self(channels)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl FromStr for Colour {
    type Err = InvalidColour;

    fn from_str(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.trim().strip_prefix('#').ok_or(InvalidColour)?;
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidColour);
        }
        let hex = u32::from_str_radix(digits, 16).map_err(|_| InvalidColour)?;
        Ok(Self::from_hex(hex))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits() {
        let check = |text: &str, expected: Option<&str>| {
            let read = text.parse::<Colour>().ok().map(|colour| colour.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        };
        check("#d93206", Some("#d93206"));
        check(" #D93206 ", Some("#d93206"));
        for none in [
            "", "#", "d93206", "#d932", "#d932061", "#d9320g", "#+93206", "red", "#äää",
        ] {
            check(none, None);
        }
    }

    #[test]
    fn the_contrast_is_that_of_the_standard() {
        let check = |one: &str, other: &str, expected: f64| {
            let [one, other]: [Colour; 2] = [one, other].map(|text| text.parse().unwrap());
            assert!(
                (one.contrast_with(other) - expected).abs() < 0.01,
                "{one} on {other}"
            );
            assert!((one.contrast_with(other) - other.contrast_with(one)).abs() < 1e-9);
        };
        check("#000000", "#ffffff", 21.0);
        check("#777777", "#777777", 1.0);
        // Known pairs: the lightest grey that may stand on white, and the first that may not.
        check("#767676", "#ffffff", 4.54);
        check("#777777", "#ffffff", 4.48);
        check("#ff0000", "#ffffff", 4.00);
    }

    #[test]
    fn a_mixture_lies_between() {
        let check = |share: f64, expected: &str| {
            let mixed = Colour::BLACK.towards(Colour::WHITE, share);
            assert_eq!(mixed.to_string(), expected);
        };
        check(0.0, "#000000");
        check(0.5, "#808080");
        check(1.0, "#ffffff");
    }
}
