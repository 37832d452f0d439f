//! The other side of two mistakes: TLS where plain HTTP is expected, and a
//! certificate that nobody trusts.

#![allow(
    dead_code,
    clippy::allow_attributes,
    unreachable_pub,
    missing_docs,
    reason = "shared by two test binaries"
)]

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A port that speaks TLS with a certificate that nobody trusts, and nothing
/// within it. It lives until the test process ends.
pub fn untrusted_tls_port() -> io::Result<SocketAddr> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let pem = include_bytes!("untrusted.pem");
    let certificate = CertificateDer::from_pem_slice(pem).map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    let config = Arc::new(config);
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(mut socket), Ok(mut tls)) =
                (socket, rustls::ServerConnection::new(config.clone()))
            else {
                continue;
            };
            // Sends its alert to whoever does not speak TLS, and reads what is
            // left, so that the connection ends in order.
            let _ = tls.complete_io(&mut socket);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = io::copy(&mut socket, &mut io::sink());
        }
    });
    Ok(address)
}
