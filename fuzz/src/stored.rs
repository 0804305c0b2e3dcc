//! What a ledger has kept, and may have been damaged.

use flashsale_ledger::fuzzing;
use flashsale_sale::UserId;
use redis::Value;

/// What is read was written here: written again, it is the same.
pub(crate) fn redis_record(input: &[u8]) {
    let user = UserId::parse("ada@example.com").expect("a user");
    if let Ok(order) = fuzzing::parse_receipt(&user, input) {
        assert_eq!(fuzzing::receipt(&order).as_bytes(), input);
        assert_eq!(order.user, user);
    }
    let mut lines = input.split(|byte| *byte == b'\n').map(bulk);
    let id = lines.next().unwrap_or(Value::Nil);
    let fields: Vec<_> = lines.take(8).collect();
    let time = Value::Array(fields.iter().take(2).cloned().collect());
    // Whatever the server says is no reason to end.
    let _ = fuzzing::server_time(&time);
    let entry = Value::Array(vec![id.clone(), Value::Array(fields.clone())]);
    let Ok(orders) = fuzzing::parse_entries(&Value::Array(vec![entry])) else {
        return;
    };
    let [order] = &orders[..] else {
        panic!("one entry is one order");
    };
    let key = order
        .idempotency_key
        .as_ref()
        .map_or("", |key| key.as_str());
    let (number, user) = (order.id.to_string(), order.user.as_str());
    let written = ["order", &number, "user", user, "key", key];
    assert_eq!(fields, written.map(|text| bulk(text.as_bytes())));
    let position = format!("{}-{}", order.ordered_at.0, order.unit);
    assert_eq!(id, bulk(position.as_bytes()));
}

fn bulk(bytes: &[u8]) -> Value {
    Value::BulkString(bytes.to_vec())
}

/// A log that is whole, or torn at its end, is so wherever it is cut off.
///
/// The fuzzer cannot guess checksums, so that of the head is put right.
pub(crate) fn wal(input: &[u8]) {
    let mut log = input.to_vec();
    seal(&mut log);
    for log in [input, &log] {
        if fuzzing::damage_of_log(log).is_some() {
            continue;
        }
        for eighth in 0..8 {
            let cut = &log[..log.len() * eighth / 8];
            assert_eq!(fuzzing::damage_of_log(cut), None, "cut at {}", cut.len());
        }
    }
}

/// The head of a log has a magic number that tells the order of bytes, and sums over its first 24 bytes.
fn seal(log: &mut [u8]) {
    let Some(head) = log.first_chunk_mut::<32>() else {
        return;
    };
    head[..4].copy_from_slice(&[0x37, 0x7f, 0x06, 0x83]);
    let (mut first, mut second) = (0_u32, 0_u32);
    for pair in head[..24].chunks_exact(8) {
        let word =
            |at: usize| u32::from_be_bytes([pair[at], pair[at + 1], pair[at + 2], pair[at + 3]]);
        first = first.wrapping_add(word(0)).wrapping_add(second);
        second = second.wrapping_add(word(4)).wrapping_add(first);
    }
    head[24..28].copy_from_slice(&first.to_be_bytes());
    head[28..].copy_from_slice(&second.to_be_bytes());
}
