//! More buyers than can be served.

use std::fmt::Write as _;

use super::grouped;
use crate::figures::{Overload, Served};

pub(super) fn text(overload: &Overload) -> String {
    let capacity = &overload.capacity;
    let mut text = format!(
        "\n## Overload\n\n\
         The server is stopped nine tenths of the time, so that the load generator is ten times as strong as it. So\n\
         slowed it accepts {} purchases a second from 512 buyers who come back at once (p50 {} ms, p99 {} ms): its\n\
         capacity. Then new buyers come at their own rate, many times the capacity. Who is answered `busy` comes\n\
         back when told to, at most three times.\n\n\
         ![Accepted purchases and their latency under overload](results/overload.svg)\n\n\
         | new buyers, × the capacity | new buyers a second | accepted a second | of the capacity | sent away a \
         second | refused otherwise | failed | found no connection | p50, ms | p99, ms | of a core |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        grouped(capacity.accepted_per_second()),
        ms(capacity.p50_us),
        ms(capacity.p99_us),
    );
    for step in &overload.steps {
        let served = &step.served;
        let kept = served.accepted_per_second() / capacity.accepted_per_second();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.0} % | {} | {} | {} | {} | {} | {:.2} |",
            step.times,
            grouped(served.per_second(step.arrived)),
            grouped(served.accepted_per_second()),
            100.0 * kept,
            grouped(served.per_second(served.sent_away)),
            grouped(served.refused as f64),
            grouped(served.failed as f64),
            grouped(step.unsent as f64),
            latencies(served),
            served.cores,
        );
    }
    text.push_str(
        "\nLatency is that of the accepted request itself, from when it was sent. What passed before, while its buyer\n\
         was sent away or found no connection free, is not in it. The server is stopped for nine\n\
         milliseconds at a time, for which an answer may have to wait.\n\n\
         ### 64 buyers among others who only look\n\n\
         The same slowed server; the others ask for the status without a pause. A buyer who is answered `busy` comes\n\
         back when told to, others buy again at once.\n\n\
         | others | accepted a second | p50, ms | p99, ms | looks a second | in vain | sent away | refused or failed |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for step in &overload.watched {
        let served = &step.served;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            grouped(step.watchers as f64),
            grouped(served.accepted_per_second()),
            latencies(served),
            grouped(served.per_second(step.looks)),
            grouped(step.looks_in_vain as f64),
            grouped(served.sent_away as f64),
            grouped((served.refused + served.failed) as f64),
        );
    }
    text
}

fn latencies(served: &Served) -> String {
    format!("{} | {}", ms(served.p50_us), ms(served.p99_us))
}

fn ms(us: f64) -> String {
    format!("{:.0}", us / 1000.0)
}
