//! The shop's own colours, as a stylesheet that is laid over the page's.
//!
//! A shop names one or two colours. What else the page needs is made from them, so that text can be read
//! on each: by people who see little, and in bright sun.

use std::fmt::Write as _;

use super::colour::Colour;

/// The colours that a shop has chosen; the page's own hold where there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Colours {
    /// Buttons and marks.
    pub accent: Option<Colour>,
    /// The same in the dark [default: the same].
    pub accent_dark: Option<Colour>,
    /// The wall behind the product.
    pub stage: Option<Colour>,
    /// The same in the dark.
    pub stage_dark: Option<Colour>,
}

/// Nothing could be read on this wall.
#[derive(Debug, Clone, PartialEq)]
pub struct UnreadableStage {
    /// Whether it is the one in the dark.
    pub is_dark: bool,
    colour: Colour,
    ink: Colour,
    contrast: f64,
}

impl std::fmt::Display for UnreadableStage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            colour,
            ink,
            contrast,
            ..
        } = self;
        write!(
            f,
            "{colour} leaves the page's text ({ink}) a contrast of {contrast:.1}:1 on it, and \
             {TEXT_CONTRAST_MIN}:1 is needed: take a {} one",
            if self.is_dark { "darker" } else { "lighter" }
        )
    }
}

impl std::error::Error for UnreadableStage {}

/// What text needs on its ground (WCAG 2.2, 1.4.3).
const TEXT_CONTRAST_MIN: f64 = 4.5;
/// What a mark that says something needs (WCAG 2.2, 1.4.11).
const MARK_CONTRAST_MIN: f64 = 3.0;
/// How far a pressed button moves away from its text.
const PRESSED_SHARE: f64 = 0.16;
/// In how many steps a colour goes towards the ink.
const INK_STEPS: u32 = 20;

/// The page's own colours that the shop's ones meet. They stand in `web/src/components/base.css`, and those of the
/// stage in `web/src/app/base.css`.
struct Ground {
    page: Colour,
    surface: Colour,
    ink: Colour,
    ink_soft: Colour,
    signal: Colour,
    stage: Colour,
    /// How much darker the floor of the stage is than its wall.
    floor_share: f64,
}

const LIGHT: Ground = Ground {
    page: Colour::from_hex(0x00f1_f1ee),
    surface: Colour::from_hex(0x00fb_fbf9),
    ink: Colour::from_hex(0x0013_1415),
    ink_soft: Colour::from_hex(0x0054_575a),
    signal: Colour::from_hex(0x00d9_3206),
    stage: Colour::from_hex(0x00dd_deda),
    floor_share: 0.06,
};

const DARK: Ground = Ground {
    page: Colour::from_hex(0x000d_0e0f),
    surface: Colour::from_hex(0x0015_1718),
    ink: Colour::from_hex(0x00f2_f2ef),
    ink_soft: Colour::from_hex(0x00a6_a9ab),
    signal: Colour::from_hex(0x00ff_5a2b),
    stage: Colour::from_hex(0x0019_1b1c),
    floor_share: 0.25,
};

/// The stylesheet, or none if the shop has chosen nothing.
pub(super) fn stylesheet(colours: &Colours) -> Result<Option<String>, UnreadableStage> {
    let light =
        variables(&LIGHT, colours.accent, colours.stage).map_err(|error| error.told(false))?;
    let accent_dark = colours.accent_dark.or(colours.accent);
    let dark =
        variables(&DARK, accent_dark, colours.stage_dark).map_err(|error| error.told(true))?;
    if light.is_empty() && dark.is_empty() {
        return Ok(None);
    }
    // Twice the root, because the page's own stylesheet comes later.
    Ok(Some(format!(
        ":root:root {{\n{light}}}\n\n@media (prefers-color-scheme: dark) {{\n:root:root {{\n{dark}}}\n}}\n"
    )))
}

fn variables(
    ground: &Ground,
    accent: Option<Colour>,
    stage: Option<Colour>,
) -> Result<String, UnreadableStage> {
    let mut css = String::new();
    if let Some(accent) = accent {
        let (text, away) = text_on(accent);
        let pressed = accent.towards(away, PRESSED_SHARE);
        let grounds = [ground.page, ground.surface];
        let signal = seen_on(grounds, accent, ground.ink, MARK_CONTRAST_MIN);
        let _ = writeln!(css, "  --accent: {accent};");
        let _ = writeln!(css, "  --accent-pressed: {pressed};");
        let _ = writeln!(css, "  --on-accent: {text};");
        let _ = writeln!(css, "  --signal: {signal};");
    }
    let wall = stage.unwrap_or(ground.stage);
    let floor = wall.towards(Colour::BLACK, ground.floor_share);
    if stage.is_some() {
        check_stage(wall, floor, ground.ink)?;
        let _ = writeln!(css, "  --stage: {wall};");
        let _ = writeln!(css, "  --stage-floor: {floor};");
        let soft = seen_on(
            [wall, floor],
            ground.ink_soft,
            ground.ink,
            TEXT_CONTRAST_MIN,
        );
        let _ = writeln!(css, "  --stage-ink-soft: {soft};");
    }
    if !css.is_empty() {
        let colour = accent.unwrap_or(ground.signal);
        let signal = seen_on([wall, floor], colour, ground.ink, MARK_CONTRAST_MIN);
        let _ = writeln!(css, "  --stage-signal: {signal};");
    }
    Ok(css)
}

/// Black or white, whichever is read better, and the colour on the other side of the accent.
fn text_on(accent: Colour) -> (Colour, Colour) {
    let (white, black) = (Colour::WHITE, Colour::BLACK);
    if accent.contrast_with(white) >= accent.contrast_with(black) {
        (white, black)
    } else {
        (black, white)
    }
}

/// The colour, moved towards the ink until it has this contrast on each of the grounds.
fn seen_on(grounds: [Colour; 2], colour: Colour, ink: Colour, contrast_min: f64) -> Colour {
    let shares = (0..=INK_STEPS).map(|step| f64::from(step) / f64::from(INK_STEPS));
    let mut candidates = shares.map(|share| colour.towards(ink, share));
    let is_seen = |mark: &Colour| {
        let mut contrasts = grounds.iter().map(|under| mark.contrast_with(*under));
        contrasts.all(|contrast| contrast >= contrast_min)
    };
    candidates.find(is_seen).unwrap_or(ink)
}

fn check_stage(wall: Colour, floor: Colour, ink: Colour) -> Result<(), UnreadableStage> {
    let contrast = ink.contrast_with(wall).min(ink.contrast_with(floor));
    if contrast >= TEXT_CONTRAST_MIN {
        return Ok(());
    }
    Err(UnreadableStage {
        is_dark: false,
        colour: wall,
        ink,
        contrast,
    })
}

impl UnreadableStage {
    fn told(self, is_dark: bool) -> Self {
        Self { is_dark, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = include_str!("../../../../web/src/components/base.css");
    const APP: &str = include_str!("../../../../web/src/app/base.css");

    fn colour(text: &str) -> Colour {
        text.parse().unwrap()
    }

    /// The value of a variable in a stylesheet, in its light or in its dark half.
    fn value(css: &str, is_dark: bool, name: &str) -> Option<Colour> {
        let mut halves = css.splitn(2, "@media (prefers-color-scheme: dark)");
        let half = halves.nth(usize::from(is_dark))?;
        let (_, after) = half.split_once(&format!("{name}:"))?;
        Some(colour(after.split(';').next()?))
    }

    #[test]
    fn the_grounds_are_those_of_the_page() {
        for (ground, is_dark) in [(&LIGHT, false), (&DARK, true)] {
            let of_page = |name| value(BASE, is_dark, name);
            assert_eq!(of_page("--page"), Some(ground.page), "dark: {is_dark}");
            assert_eq!(
                of_page("--surface"),
                Some(ground.surface),
                "dark: {is_dark}"
            );
            assert_eq!(of_page("--ink"), Some(ground.ink), "dark: {is_dark}");
            assert_eq!(
                of_page("--ink-soft"),
                Some(ground.ink_soft),
                "dark: {is_dark}"
            );
            assert_eq!(of_page("--signal"), Some(ground.signal), "dark: {is_dark}");
            let stage = value(APP, is_dark, "--stage");
            assert_eq!(stage, Some(ground.stage), "dark: {is_dark}");
            let seen = ground.signal.contrast_with(ground.stage);
            assert!(seen >= MARK_CONTRAST_MIN, "dark: {is_dark}");
        }
    }

    /// Whatever colour a shop takes, everything can be read and seen.
    #[test]
    fn every_accent_becomes_readable() {
        const LEVELS: [u32; 6] = [0x00, 0x33, 0x66, 0x99, 0xcc, 0xff];
        for number in 0..LEVELS.len().pow(3) {
            let channel = |place: u32| LEVELS[number / LEVELS.len().pow(place) % LEVELS.len()];
            let accent = Colour::from_hex(channel(2) << 16 | channel(1) << 8 | channel(0));
            let colours = Colours {
                accent: Some(accent),
                ..Colours::default()
            };
            let css = stylesheet(&colours).unwrap().unwrap();
            for (ground, is_dark) in [(&LIGHT, false), (&DARK, true)] {
                let [fill, pressed, text, signal] =
                    ["--accent", "--accent-pressed", "--on-accent", "--signal"]
                        .map(|name| value(&css, is_dark, name).unwrap());
                assert_eq!(fill, accent);
                assert!(
                    text.contrast_with(fill) >= TEXT_CONTRAST_MIN,
                    "{text} on {fill}"
                );
                assert!(
                    text.contrast_with(pressed) >= TEXT_CONTRAST_MIN,
                    "{text} on {pressed}"
                );
                for under in [ground.page, ground.surface] {
                    assert!(
                        signal.contrast_with(under) >= MARK_CONTRAST_MIN,
                        "{signal} on {under}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_mark_that_is_seen_stays_as_the_shop_chose_it() {
        let colours = Colours {
            accent: Some(colour("#d93206")),
            ..Colours::default()
        };
        let css = stylesheet(&colours).unwrap().unwrap();
        assert_eq!(value(&css, false, "--signal"), colours.accent);
        let pale = Colours {
            accent: Some(colour("#ffe9a8")),
            ..Colours::default()
        };
        let css = stylesheet(&pale).unwrap().unwrap();
        assert_ne!(
            value(&css, false, "--signal"),
            pale.accent,
            "on white it is not seen"
        );
        assert_eq!(value(&css, true, "--signal"), pale.accent, "on black it is");
    }

    /// The last seconds are counted in the accent, in large digits on the stage.
    #[test]
    fn the_last_seconds_are_seen_on_every_stage() {
        for (accent, stage) in [
            (Some("#ffd400"), Some("#cfe3ff")),
            (Some("#ffd400"), None),
            (None, Some("#e8a090")),
            (Some("#0050b3"), Some("#ffffff")),
        ] {
            let colours = Colours {
                accent: accent.map(colour),
                stage: stage.map(colour),
                ..Colours::default()
            };
            let css = stylesheet(&colours).unwrap().unwrap();
            let signal = value(&css, false, "--stage-signal").unwrap();
            let wall = colours.stage.unwrap_or(LIGHT.stage);
            for under in [wall, wall.towards(Colour::BLACK, LIGHT.floor_share)] {
                assert!(
                    signal.contrast_with(under) >= MARK_CONTRAST_MIN,
                    "{signal} on {under}"
                );
            }
        }
    }

    #[test]
    fn the_dark_has_its_own_colours_or_the_same_accent() {
        let colours = Colours {
            accent: Some(colour("#0050b3")),
            accent_dark: Some(colour("#66b3ff")),
            stage_dark: Some(colour("#102030")),
            ..Colours::default()
        };
        let css = stylesheet(&colours).unwrap().unwrap();
        assert_eq!(value(&css, false, "--accent"), colours.accent);
        assert_eq!(value(&css, true, "--accent"), colours.accent_dark);
        assert_eq!(value(&css, false, "--stage"), None);
        assert_eq!(value(&css, true, "--stage"), colours.stage_dark);
        assert_eq!(stylesheet(&Colours::default()), Ok(None));
    }

    #[test]
    fn the_small_words_on_a_stage_are_read_as_well() {
        for (stage, is_dark) in [("#8fa8c8", false), ("#ffffff", false), ("#4a4f58", true)] {
            let colours = Colours {
                stage: (!is_dark).then(|| colour(stage)),
                stage_dark: is_dark.then(|| colour(stage)),
                ..Colours::default()
            };
            let css = stylesheet(&colours).unwrap().unwrap();
            let [wall, floor, soft] = ["--stage", "--stage-floor", "--stage-ink-soft"]
                .map(|name| value(&css, is_dark, name).unwrap());
            for under in [wall, floor] {
                assert!(
                    soft.contrast_with(under) >= TEXT_CONTRAST_MIN,
                    "{soft} on {under}"
                );
            }
        }
    }

    #[test]
    fn a_stage_that_swallows_the_text_is_refused() {
        let check = |stage: &str, is_dark: bool, taken: bool| {
            let mut colours = Colours::default();
            let chosen = if is_dark {
                &mut colours.stage_dark
            } else {
                &mut colours.stage
            };
            *chosen = Some(colour(stage));
            let told = stylesheet(&colours);
            assert_eq!(told.is_ok(), taken, "{stage}: {told:?}");
            if let Err(error) = told {
                assert_eq!(error.is_dark, is_dark);
                assert!(error.to_string().contains(stage), "{error}");
            }
        };
        check("#dddeda", false, true);
        check("#ffffff", false, true);
        check("#808080", false, false);
        check("#777777", false, false);
        check("#000000", false, false);
        check("#191b1c", true, true);
        check("#808080", true, false);
        check("#ffffff", true, false);
    }
}
