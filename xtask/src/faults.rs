//! Holds the table in `docs/faults.md` to the tests: a row names exactly the files that have tests
//! with its number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::step::{Failure, root};

const TABLE: &str = "docs/faults.md";

/// The files of each row, as paths from the root of the repository.
type FilesByRow = BTreeMap<u32, BTreeSet<String>>;

/// Compares the table with the names of the tests.
pub(crate) fn check() -> Result<(), Failure> {
    let failed =
        |path: &Path, error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    let path = root().join(TABLE);
    let table = fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
    let mut tests = FilesByRow::new();
    let crates = root().join("crates");
    collect(&crates, &mut tests).map_err(|error| failed(&crates, error))?;
    let differences = differences(&rows_of(&table), &tests);
    if differences.is_empty() {
        println!(
            "{} rows have tests, and {TABLE} names their files",
            tests.len()
        );
        return Ok(());
    }
    let list = differences.join("\n  ");
    Err(Failure::new(format!(
        "{TABLE} and the names of the tests do not agree:\n  {list}"
    )))
}

/// The files below a folder that have tests with a row's number.
fn collect(folder: &Path, tests: &mut FilesByRow) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, tests)?;
        } else if is_rust(&path) {
            let name = path
                .strip_prefix(root())
                .unwrap_or(&path)
                .display()
                .to_string();
            for row in rows_in(&fs::read_to_string(&path)?) {
                tests.entry(row).or_default().insert(name.clone());
            }
        }
    }
    Ok(())
}

/// The numbers in the names of a file's tests, `fn row_07_…`.
fn rows_in(source: &str) -> impl Iterator<Item = u32> + '_ {
    source.split("fn row_").skip(1).filter_map(leading_number)
}

/// The rows of the table. Files are named in backticks, from `crates/` on.
fn rows_of(table: &str) -> FilesByRow {
    let row = |line: &str| {
        let cells = line.strip_prefix("| ")?;
        let files = cells.split('`').filter(|text| is_rust(Path::new(text)));
        Some((
            leading_number(cells)?,
            files.map(|file| format!("crates/{file}")).collect(),
        ))
    };
    table.lines().filter_map(row).collect()
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

fn differences(table: &FilesByRow, tests: &FilesByRow) -> Vec<String> {
    let none = BTreeSet::new();
    let numbers: BTreeSet<_> = table.keys().chain(tests.keys()).collect();
    let mut differences = Vec::new();
    for number in numbers {
        let listed = table.get(number).unwrap_or(&none);
        let found = tests.get(number).unwrap_or(&none);
        for file in found.difference(listed) {
            differences.push(format!("row {number}: {file} has tests and is not named"));
        }
        for file in listed.difference(found) {
            differences.push(format!("row {number}: {file} is named and has no test"));
        }
    }
    differences
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &str, source: &str, expected: &[&str]) {
        let mut tests = FilesByRow::new();
        for row in rows_in(source) {
            tests
                .entry(row)
                .or_default()
                .insert("crates/a/b.rs".to_owned());
        }
        assert_eq!(differences(&rows_of(table), &tests), expected);
    }

    #[test]
    fn the_table_must_name_what_there_is() {
        let table = "| Row | Tests |\n| --- | --- |\n| 7 | disk full: `busy` | `a/b.rs` |\n";
        check(table, "async fn row_07_disk_full() {}", &[]);
        check("", "", &[]);
        check(
            table,
            "",
            &["row 7: crates/a/b.rs is named and has no test"],
        );
        check(
            table,
            "fn row_07_disk_full() {} fn row_12_again() {}",
            &["row 12: crates/a/b.rs has tests and is not named"],
        );
    }
}
