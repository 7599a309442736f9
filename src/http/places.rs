//! How many connections there may be at once: in all, and from one client.

use super::limits::network;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Connections at once: each takes about 35 KiB of memory, all of them 300 MB.
const CONNECTIONS: usize = 8_192;
/// Connections at once from one client: a browser opens six, an office or a carrier's shared address is forty phones, and
/// whoever wants every place needs more than thirty addresses.
const CONNECTIONS_OF_CLIENT: usize = 256;
/// Files kept for the rest of the process: 128 open segments of the journal, the views, and what a start or a backup takes.
const OTHER_FILES: usize = 256;
/// Longest time a client may take to send a request's head, and to begin the next request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Longest time a client may take to receive 16 KiB of an answer: 4 kbit/s is slower than any phone that still works.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// Longest time a client may go on sending after the last answer: what was on its way when that was decided (413, say).
const LINGER_TIME: Duration = Duration::from_secs(2);
/// Longest time requests under way get once the service is told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(15);

/// How connections are bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once; the next one is closed as soon as it comes.
    pub connections: usize,
    /// Connections at once from one client's address; none where all come from a proxy, which has to do this itself.
    pub of_client: Option<usize>,
    /// Longest time for the head of a request, counted from the end of the one before.
    pub head_time: Duration,
    /// Longest time for a client to receive 16 KiB.
    pub write_time: Duration,
    /// Longest time a client may go on sending, unheard, after the last answer.
    pub linger_time: Duration,
    /// Longest time for requests under way once the service is told to stop.
    pub drain_time: Duration,
}

impl Bounds {
    /// The bounds where as many files as are needed may be open.
    pub const DEFAULT: Self = Self {
        connections: CONNECTIONS,
        of_client: Some(CONNECTIONS_OF_CLIENT),
        head_time: HEAD_TIME,
        write_time: WRITE_TIME,
        linger_time: LINGER_TIME,
        drain_time: DRAIN_TIME,
    };

    /// The same where a process may have `files` open: each connection is one. At most half of the files are kept for the
    /// rest, and one client never gets more than half of the places.
    #[must_use]
    pub fn within(mut self, files: usize) -> Self {
        self.connections = self.connections.min(files - OTHER_FILES.min(files / 2));
        self.of_client = self.of_client.map(|n| n.min(self.connections.div_ceil(2)));
        self
    }

    /// The same behind a proxy that names its clients: its address stands for all of them, so it may take every place, and
    /// it is the proxy that bounds what one client opens.
    #[must_use]
    pub fn behind_proxy(mut self) -> Self {
        self.of_client = None;
        self
    }

    /// The same for this process, whose limit of open files is raised as far as the system lets it.
    #[must_use]
    pub fn for_this_process(self) -> Self {
        let files = raise_file_limit();
        let wanted = self.connections;
        let bounds = self.within(files);
        if bounds.connections < wanted {
            tracing::warn!(
                files,
                connections = bounds.connections,
                "fewer than {wanted} connections at once: the system lets this process open few files (ulimit -Hn, LimitNOFILE)"
            );
        }
        bounds
    }
}

/// Raises the soft limit of open files to the hard one; how many files may be open then.
fn raise_file_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let allowed = if raised.is_ok() { maximum } else { current };
    allowed.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX))
}

/// Who is connected now.
pub(super) struct Places {
    bounds: Bounds,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    of_client: HashMap<IpAddr, usize>,
    refused: u64,
}

/// A place that one connection takes; it is free again when this is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    client: IpAddr,
}

impl Places {
    pub fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, taken: Mutex::default() })
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a connection from there; none when they are all taken.
    pub fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let client = network(peer);
        let mut taken = self.taken();
        let his = taken.of_client.get(&client).copied().unwrap_or_default();
        let why = if taken.all >= self.bounds.connections {
            "all places are taken"
        } else if self.bounds.of_client.is_some_and(|most| his >= most) {
            "one address has all the connections it may have; a proxy in front is named with --client-header"
        } else {
            taken.all += 1;
            taken.of_client.insert(client, his + 1);
            return Some(Place { places: self.clone(), client });
        };
        taken.refused += 1;
        // The first, the second, the fourth, …: an attack fills no log.
        if taken.refused.is_power_of_two() {
            tracing::warn!(connections = taken.all, refused = taken.refused, "a connection was closed at once: {why}");
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(his) = taken.of_client.get_mut(&self.client) {
            *his -= 1;
            if *his == 0 {
                taken.of_client.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, of_client: Option<usize>) -> Arc<Places> {
        Places::new(Bounds { connections, of_client, ..Bounds::DEFAULT })
    }

    #[test]
    fn few_files_mean_few_connections_and_still_some() {
        let within = |files| {
            let bounds = Bounds::DEFAULT.within(files);
            (bounds.connections, bounds.of_client.unwrap())
        };
        assert_eq!(within(usize::MAX), (8_192, 256));
        assert_eq!(within(8_192 + 256), (8_192, 256));
        assert_eq!(within(1_024), (768, 256));
        assert_eq!(within(256), (128, 64));
        assert_eq!(within(64), (32, 16));
        assert_eq!(within(3), (2, 1));
    }

    #[test]
    fn one_client_is_an_address_or_an_ipv6_network_and_leaves_room_for_others() {
        let places = places(4, Some(2));
        let take = |address: &str| places.take(address.parse().unwrap());
        let kept = [take("192.0.2.1"), take("::ffff:192.0.2.1")];
        assert!(kept.iter().all(Option::is_some) && take("192.0.2.1").is_none());
        let others = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(others.iter().all(Option::is_some));
        assert!(take("192.0.2.9").is_none(), "all are taken");
        drop(others);
        assert!(take("2001:db8::3").is_some());
        drop(kept);
        assert!(take("192.0.2.1").is_some());
        assert!(places.taken().of_client.is_empty(), "nobody is remembered who has gone");
    }

    #[test]
    fn a_proxy_may_take_every_place() {
        let bounds = Bounds { connections: 3, of_client: Some(1), ..Bounds::DEFAULT }.behind_proxy();
        let places = Places::new(bounds);
        let kept: Vec<_> = (0..3).map(|_| places.take("10.0.0.1".parse().unwrap())).collect();
        assert!(kept.iter().all(Option::is_some) && places.take("10.0.0.1".parse().unwrap()).is_none());
    }
}
