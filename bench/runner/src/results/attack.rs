//! What honest buyers notice of an attack, and what the attackers get.

use std::fmt::Write as _;

use super::grouped;
use crate::figures::{Attack, Got, Honest};

pub(super) fn text(attack: &Attack) -> String {
    let mut text = format!(
        "\n## Under attack\n\n\
         For {:.0} s, all at once, against one node with `RATE_LIMIT=20/10s` and `RATE_LIMIT_ADDRESS=2000/10s`, while\n\
         {} honest buyers buy at a steady pace, each at an address of their own, five times a second. Afterwards\n\
         {} orders were in the books, which were in order.\n\n\
         | honest buyers | purchases a second | p50, ms | p99, ms | at most, ms | refused | failed |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        attack.seconds,
        attack.buyers,
        grouped(attack.orders as f64),
    );
    for (when, honest) in [("alone", &attack.alone), ("under attack", &attack.attacked)] {
        let _ = writeln!(text, "| {when} | {} |", cells(honest));
    }
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let _ = write!(
        text,
        "\n| the server | before | at most | when the attackers had gone |\n\
         | --- | --- | --- | --- |\n\
         | memory, MiB | {:.1} | {:.1} | {:.1} |\n\
         | open files and sockets | {} | | {} |\n\n\
         | attacker | requests | answers | closed without one | |\n\
         | --- | --- | --- | --- | --- |\n",
        mib(attack.resident_before),
        mib(attack.resident_most),
        mib(attack.resident_after),
        attack.descriptors_before,
        attack.descriptors_after,
    );
    for attacker in &attack.attackers {
        let got = &attacker.got;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            attacker.what,
            grouped(got.all() as f64),
            answers(got),
            grouped(got.closed as f64),
            attacker.why
        );
    }
    text
}

fn cells(honest: &Honest) -> String {
    let ms = |us: f64| format!("{:.2}", us / 1000.0);
    format!(
        "{} | {} | {} | {} | {} | {}",
        grouped(honest.per_second),
        ms(honest.p50_us),
        ms(honest.p99_us),
        ms(honest.max_us),
        honest.refused,
        honest.failed
    )
}

/// Each status and how often it came.
fn answers(got: &Got) -> String {
    let each = got.answers.iter();
    let each: Vec<_> = each
        .map(|(status, count)| format!("{status}: {}", grouped(*count as f64)))
        .collect();
    each.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_by_status() {
        let mut got = Got::default();
        for status in [Some(429), Some(200), None, Some(429)] {
            got.note(status);
        }
        assert_eq!(answers(&got), "200: 1, 429: 2");
        assert_eq!((got.all(), got.orders(), got.closed), (4, 1, 1));
    }
}
