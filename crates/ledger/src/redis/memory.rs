//! What a node remembers of a sale in Redis, in a file of its own.
//!
//! A Redis that comes back empty looks like one in which the sale was never begun, and one that comes back
//! with older data looks sound. A node that runs notices both, because it knows what it has seen. One that
//! starts again must know it, too: so it keeps the sale's epoch and the last order that it has seen.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flashsale_sale::SaleId;

use super::head::hex;
use super::record::{Position, Tip, parse_order_id};

/// The file of one sale: `<sale>.redis-epoch` in the data directory.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) path: PathBuf,
    random: fn(&mut [u8]),
}

/// What it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The epoch that this node has sold from.
    pub(super) epoch: String,
    /// The last order that it has seen.
    pub(super) tip: Option<Tip>,
}

impl Memory {
    pub(super) fn of(data_dir: &Path, id: &SaleId, random: fn(&mut [u8])) -> Self {
        Self {
            path: data_dir.join(format!("{id}.redis-epoch")),
            random,
        }
    }

    /// What this node remembers, if it has sold from this sale.
    pub(super) fn recall(&self) -> io::Result<Option<Remembered>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut lines = text.lines();
        let epoch = lines.next().unwrap_or_default().to_owned();
        let tip = match lines.next() {
            None => None,
            Some(line) => Some(parse_tip(line).ok_or_else(unreadable)?),
        };
        Ok(Some(Remembered { epoch, tip }))
    }

    /// Keeps it, durably.
    pub(super) fn remember(&self, what: &Remembered) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        // Nodes may share the folder, and processes in containers all have the same number.
        let mut name = [0; 8];
        (self.random)(&mut name);
        let draft = self
            .path
            .with_extension(format!("redis-epoch-{}", hex(&name)));
        let mut file = File::create_new(&draft)?;
        let tip = what.tip.map_or(String::new(), |tip| {
            format!("{} {}\n", tip.position, tip.order_id)
        });
        file.write_all(format!("{}\n{tip}", what.epoch).as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &self.path)?;
        File::open(directory)?.sync_all()
    }
}

fn unreadable() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it does not hold what a node writes there. Put it back, or remove it if this node need not know \
         which orders it has seen",
    )
}

pub(crate) fn parse_tip(line: &str) -> Option<Tip> {
    let (position, order_id) = line.split_once(' ')?;
    Some(Tip {
        position: Position::parse(position)?,
        order_id: parse_order_id(order_id)?,
    })
}

#[cfg(test)]
mod tests {
    use flashsale_sale::{OrderId, Timestamp};

    use super::*;

    #[test]
    fn what_is_remembered_is_recalled() {
        let folder = tempfile::tempdir().unwrap();
        let id = SaleId::parse("drop").unwrap();
        let memory = Memory::of(&folder.path().join("new"), &id, |bytes| bytes.fill(7));
        assert_eq!(memory.recall().unwrap(), None);
        let tip = Tip {
            position: Position {
                time: Timestamp(1_795_410_237_311),
                unit: 17,
            },
            order_id: OrderId([0xA5; 16]),
        };
        for tip in [None, Some(tip), None] {
            let what = Remembered {
                epoch: "0123".to_owned(),
                tip,
            };
            memory.remember(&what).unwrap();
            assert_eq!(memory.recall().unwrap(), Some(what));
        }
        fs::write(&memory.path, "0123\nwhatever\n").unwrap();
        assert!(memory.recall().is_err());
    }
}
