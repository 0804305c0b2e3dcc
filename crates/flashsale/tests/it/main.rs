//! The integration tests of `flashsale`: the real binary, real sockets, real files.
//!
//! Numbers in the tests' names are those of the fault list that the project keeps: what must happen
//! when a disk, a process, a clock, a client or an operator does the wrong thing.

#![expect(
    clippy::disallowed_methods,
    reason = "a test lives in the real world: it waits by the machine's clock and is told by its environment"
)]

mod audit;
mod audit_findings;
mod bots;
mod bots_service;
mod bots_settings;
mod brake;
mod concurrency;
mod console;
mod console_orders;
mod crash;
mod crash_points;
mod damage;
mod demo;
mod disk;
mod events;
mod help;
mod http2;
mod http2_floods;
mod http_bodies;
mod http_connections;
mod http_contract;
mod http_correlation;
mod http_cors;
mod http_cross_site;
mod http_forgery;
mod http_headers;
mod http_ids;
mod http_openapi;
mod http_overload;
mod http_page;
mod http_paths;
mod http_proxies;
mod http_rate_limits;
mod http_room;
mod http_routes;
mod identity;
mod identity_example;
mod identity_keys;
mod identity_settings;
mod loadtest;
mod loadtest_peer;
mod orders;
mod overload;
mod power_loss;
mod proxy_protocol;
mod redis_books;
mod redis_books_findings;
mod redis_books_many;
mod redis_brake;
mod redis_chaos;
mod redis_durability;
mod redis_failover;
mod redis_limits;
mod redis_nodes;
mod redis_start;
mod redis_start_access;
mod redis_start_damage;
mod redis_start_durability;
mod redis_start_new;
mod redis_start_tls;
mod restart;
mod sabotage;
mod schemathesis;
mod settings;
mod shop_look;
mod signing_keys;
mod stock;
mod support;
mod time;
mod tls;
mod tls_certificates;
