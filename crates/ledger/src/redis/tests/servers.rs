//! The whole contract, on each program, strategy and topology.

use super::*;

/// The whole contract at one place, then random sequences compared with `decide`.
fn check_contract<P: Future<Output = Place>>(place: P, cases: u32) {
    let runtime = contract::runtime();
    let place = runtime.block_on(place);
    runtime.block_on(contract::check_all::<Kept>(&place));
    contract::check_random_batches::<Kept>(&runtime, &place, cases);
}

#[test]
fn the_contract_on_redis_7_with_the_function() {
    check_contract(one(Program::Redis, Strategy::Function), 60);
}

#[test]
fn the_contract_on_redis_7_with_watch() {
    check_contract(one(Program::Redis, Strategy::Watch), 60);
}

#[test]
fn the_contract_on_valkey_with_the_function() {
    check_contract(one(Program::Valkey, Strategy::Function), 60);
}

#[test]
fn the_contract_on_valkey_with_watch() {
    check_contract(one(Program::Valkey, Strategy::Watch), 60);
}

#[test]
fn the_contract_on_a_cluster_of_redis_7_with_the_function() {
    check_contract(cluster(Program::Redis, Strategy::Function), 20);
}

#[test]
fn the_contract_on_a_cluster_of_redis_7_with_watch() {
    check_contract(cluster(Program::Redis, Strategy::Watch), 20);
}

#[test]
fn the_contract_on_a_cluster_of_valkey_with_the_function() {
    check_contract(cluster(Program::Valkey, Strategy::Function), 20);
}

#[test]
fn the_contract_on_a_cluster_of_valkey_with_watch() {
    check_contract(cluster(Program::Valkey, Strategy::Watch), 20);
}

/// A server that takes scripts and no functions, as those before Redis 7; and nobody is counted.
#[test]
fn the_contract_with_a_script_where_there_are_no_functions() {
    let place = async {
        let setup = RedisServer::setup(Program::Redis).option("rename-command", "FUNCTION \"\"");
        let server = setup.start().await;
        let settings = settings(&server.url(), Strategy::Function);
        Place {
            settings: Settings {
                rates: Rates::default(),
                ..settings
            },
            servers: Servers::One(server),
        }
    };
    check_contract(place, 20);
}
