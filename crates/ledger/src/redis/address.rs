//! Where Redis is, as the setting `REDIS_URL` says it.

use std::fmt;

use percent_encoding::percent_decode_str;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};
use thiserror::Error;

use super::dialer::tcp_settings;

/// The port of a server, where none is named.
const PORT: u16 = 6379;
/// The port of a sentinel, where none is named.
const SENTINEL_PORT: u16 = 26379;

/// A Redis to sell from: one server, a master that Sentinel watches over, or a Cluster.
///
/// Written as an address:
/// - `redis://[user:password@]host[:port][/database]`,
/// - `redis-sentinel://[user:password@]host[:port][,host[:port]…][/database]?master=name`, where the
///   hosts are sentinels; `sentinel_user` and `sentinel_password` are for those,
/// - `redis-cluster://[user:password@]host[:port][,host[:port]…]`, where any node of it will do,
///
/// each with `rediss` in place of `redis` for TLS. Neither `Debug` nor `Display` shows a password.
#[derive(Clone)]
pub struct Address {
    pub(super) kind: Kind,
    pub(super) hosts: Vec<Host>,
    pub(super) is_tls: bool,
    pub(super) login: Login,
    pub(super) database: i64,
}

/// How the server that holds the sale is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is the one that is named.
    Standalone,
    /// Sentinels tell.
    Sentinel { master: String, login: Login },
    /// The nodes of the Cluster tell.
    Cluster,
}

/// A host and its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// Who speaks to a server.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// The text is not the address of a Redis. It shows nothing of the text, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0}. Write redis://host:6379, redis-sentinel://host:26379,host:26379?master=name or redis-cluster://host:6379,host:6379, with rediss for TLS"
)]
pub struct InvalidAddress(String);

impl Address {
    /// Reads an address from outside.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let refused = |reason: &str| InvalidAddress(reason.to_owned());
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| refused("the address has no scheme"))?;
        let (kind, is_tls) = match scheme.split_once('-') {
            None => ("", scheme),
            Some((security, kind)) => (kind, security),
        };
        let is_tls = match is_tls {
            "redis" => false,
            "rediss" => true,
            _ => return Err(refused("the scheme is none of these")),
        };
        // A password may hold a ? that was not encoded.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Login::parse(login)?, rest),
            None => (Login::default(), rest),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
        let database = match database {
            "" => 0,
            number => number
                .parse()
                .map_err(|_| refused("what follows the / must be the number of a database"))?,
        };
        let (kind, port) = match kind {
            "" => (Kind::Standalone, PORT),
            "sentinel" => (sentinel(query)?, SENTINEL_PORT),
            "cluster" if database != 0 => {
                return Err(refused("a Cluster has no databases by number"));
            }
            "cluster" => (Kind::Cluster, PORT),
            _ => return Err(refused("the scheme is none of these")),
        };
        if !query.is_empty() && !matches!(kind, Kind::Sentinel { .. }) {
            return Err(refused(
                "only a redis-sentinel address takes what follows a ?",
            ));
        }
        let hosts: Vec<_> = hosts
            .split(',')
            .map(|host| Host::parse(host, port))
            .collect::<Option<_>>()
            .ok_or_else(|| refused("the host or its port cannot be read"))?;
        if kind == Kind::Standalone && hosts.len() > 1 {
            return Err(refused(
                "several hosts need redis-sentinel or redis-cluster",
            ));
        }
        Ok(Self {
            kind,
            hosts,
            is_tls,
            login,
            database,
        })
    }

    /// How to connect to a server that holds data.
    pub(super) fn server(&self, host: &Host) -> redis::RedisResult<ConnectionInfo> {
        let connection = host.address(self.is_tls).into_connection_info()?;
        Ok(connection
            .set_tcp_settings(tcp_settings())
            .set_redis_settings(self.login.settings().set_db(self.database)))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let security = if self.is_tls { "rediss" } else { "redis" };
        let kind = match self.kind {
            Kind::Standalone => "",
            Kind::Sentinel { .. } => "-sentinel",
            Kind::Cluster => "-cluster",
        };
        let hosts: Vec<_> = self.hosts.iter().map(Host::to_string).collect();
        write!(f, "{security}{kind}://{}", hosts.join(","))?;
        if self.database != 0 {
            write!(f, "/{}", self.database)?;
        }
        if let Kind::Sentinel { master, .. } = &self.kind {
            write!(f, "?master={master}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Host {
    /// This host, with the name of another where it has none.
    pub(super) fn or(self, other: &Self) -> Self {
        if self.name.is_empty() {
            Self {
                name: other.name.clone(),
                ..self
            }
        } else {
            self
        }
    }

    /// `host:port` in an answer of a Cluster, where the name may be empty.
    pub(super) fn in_answer(text: &str) -> Option<Self> {
        let (name, port) = text.rsplit_once(':')?;
        Some(Self {
            name: name.to_owned(),
            port: port.parse().ok()?,
        })
    }

    /// `name`, `name:port` or `[address]:port`.
    fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (name, port) = match text.rsplit_once(':') {
            // The last colon of a bare IPv6 address is no port's.
            Some((name, _)) if name.contains(':') && !name.ends_with(']') => (text, None),
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        };
        let name = name.trim_start_matches('[').trim_end_matches(']');
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0)?,
            None => default_port,
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:%".contains(c);
        (!name.is_empty() && name.chars().all(is_plain)).then(|| Self {
            name: name.to_owned(),
            port,
        })
    }

    pub(super) fn address(&self, is_tls: bool) -> ConnectionAddr {
        let (host, port) = (self.name.clone(), self.port);
        if is_tls {
            ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, port)
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

impl Login {
    /// `user:password` or `:password`, with what is not plain written as `%40`.
    fn parse(text: &str) -> Result<Self, InvalidAddress> {
        // Redis knows no login without a password, and would go on as its default user.
        let (user, password) = text
            .split_once(':')
            .ok_or_else(|| InvalidAddress("a user needs a password: user:password@".to_owned()))?;
        Ok(Self {
            user: decoded(user)?.filter(|user| !user.is_empty()),
            password: decoded(password)?,
        })
    }

    fn settings(&self) -> RedisConnectionInfo {
        let mut settings = RedisConnectionInfo::default();
        if let Some(user) = &self.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        settings
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(hidden)")
    }
}

fn sentinel(query: &str) -> Result<Kind, InvalidAddress> {
    let mut name = None;
    let mut login = Login::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value)?;
        match key {
            "master" => name = value,
            "sentinel_user" => login.user = value,
            "sentinel_password" => login.password = value,
            _ => {
                return Err(InvalidAddress(
                    "behind the ? there may be master, sentinel_user and sentinel_password"
                        .to_owned(),
                ));
            }
        }
    }
    match name.filter(|name| !name.is_empty()) {
        Some(master) => Ok(Kind::Sentinel { master, login }),
        None => Err(InvalidAddress(
            "the sentinels must be told which master: ?master=name".to_owned(),
        )),
    }
}

fn decoded(text: &str) -> Result<Option<String>, InvalidAddress> {
    percent_decode_str(text)
        .decode_utf8()
        .map(|text| Some(text.into_owned()))
        .map_err(|_| InvalidAddress("a percent-encoded part is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, shown: Option<&str>) {
        let parsed = Address::parse(text);
        assert_eq!(
            parsed.as_ref().ok().map(Address::to_string).as_deref(),
            shown,
            "{parsed:?}"
        );
    }

    #[test]
    fn addresses_are_read_and_shown_without_their_passwords() {
        check("redis://localhost", Some("redis://localhost:6379"));
        check("redis://ada:p%40ss@db:7000/3", Some("redis://db:7000/3"));
        check("rediss://:p@ss@db", Some("rediss://db:6379"));
        check("redis://[::1]:7000", Some("redis://[::1]:7000"));
        check(
            "redis-cluster://a,b:7001",
            Some("redis-cluster://a:6379,b:7001"),
        );
        check(
            "rediss-sentinel://:x@a,b:7001/0?master=shop&sentinel_password=y",
            Some("rediss-sentinel://a:26379,b:7001?master=shop"),
        );
        for text in [
            "",
            "localhost:6379",
            "http://localhost",
            "redis://",
            "redis://a,b",
            "redis://a:0",
            "redis://a:x",
            "redis://a/x",
            "redis://a?x=1",
            "redis-sentinel://a",
            "redis-cluster://a/1",
            "redis-ring://a",
            "redis-sentinel://a?master=",
            "redis://a b",
            "redis://ada@a",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_login_may_hold_any_character() {
        let address = Address::parse("redis://ada:p%40s%3As@db").unwrap();
        let settings = address.login.settings();
        assert_eq!(
            (settings.username(), settings.password()),
            (Some("ada"), Some("p@s:s"))
        );
        let shown = format!("{address:?} {:?}", address.login);
        assert!(!shown.contains("p@s"), "{shown}");
    }
}
