//! Rust's standard library: ask '<way> <what>'..., one line of answer a task. Ways: get (HTTP by hand), socket.
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(8);

/// Every address of the name in turn, as TcpStream::connect does it, but not for longer than the limit.
fn connect(place: &str) -> Result<TcpStream, String> {
    let mut last = String::from("no address");
    for address in place.to_socket_addrs().map_err(|error| error.to_string())? {
        match TcpStream::connect_timeout(&address, LIMIT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

fn get(address: &str) -> Result<String, String> {
    let rest = address.strip_prefix("http://").ok_or("only http")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let port_known = host.ends_with(|letter: char| letter.is_ascii_digit()) && host.contains(':');
    let place = if port_known && !host.ends_with(']') { host.to_string() } else { format!("{host}:80") };
    let mut stream = connect(&place)?;
    stream.set_read_timeout(Some(LIMIT)).map_err(|error| error.to_string())?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    match head.lines().find_map(|line| line.strip_prefix("Location: ")) {
        Some(next) => get(next),
        None => Ok(body.to_string()),
    }
}

fn socket(what: &str) -> Result<String, String> {
    let stream = connect(&what.replace(' ', ":"))?;
    stream.peer_addr().map(|peer| format!("connected {peer}")).map_err(|error| error.to_string())
}

fn main() {
    for (number, task) in std::env::args().skip(1).enumerate() {
        let (way, what) = task.split_once(' ').unwrap_or((&task, ""));
        match if way == "get" { get(what) } else { socket(what) } {
            Ok(text) => println!("{number} ok {}", text.trim()),
            Err(text) => println!("{number} error {text}"),
        }
    }
}
