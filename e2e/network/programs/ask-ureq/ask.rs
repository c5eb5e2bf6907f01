//! ureq with rustls: ask '<way> <address>'..., one line of answer a task. One way: ureq.
use std::time::Duration;
use ureq::tls::{parse_pem, Certificate, PemItem, RootCerts, TlsConfig};

const LIMIT: Duration = Duration::from_secs(8);

fn trusted() -> Vec<Certificate<'static>> {
    let file = std::env::var("SSL_CERT_FILE").expect("SSL_CERT_FILE");
    let text = std::fs::read(file).expect("the certificates");
    parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(found)) => Some(found.to_owned()),
            _ => None,
        })
        .collect()
}

fn main() {
    let tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted())).build();
    let agent = ureq::Agent::new_with_config(ureq::Agent::config_builder().timeout_global(Some(LIMIT)).tls_config(tls).build());
    for (number, task) in std::env::args().skip(1).enumerate() {
        let (_, address) = task.split_once(' ').unwrap_or(("", &task));
        match agent.get(address).call().and_then(|mut answer| answer.body_mut().read_to_string()) {
            Ok(text) => println!("{number} ok {}", text.trim()),
            Err(error) => println!("{number} error {}", error.to_string().replace('\n', " ")),
        }
    }
}
