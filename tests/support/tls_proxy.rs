//! An engine behind TLS that knows its clients by their certificates, as `dockerd
//! --tlsverify` is: a proxy in front of a socket, with an authority of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use tokio::net::{TcpListener, UnixStream};

/// The proxy; it ends when this is dropped.
pub(crate) struct TlsProxy {
    address: SocketAddr,
    authority: CertifiedIssuer<'static, KeyPair>,
    _runtime: tokio::runtime::Runtime,
}

impl TlsProxy {
    /// In front of this Unix socket.
    pub(crate) fn start(socket: PathBuf) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");

        let mut trusted = RootCertStore::empty();
        trusted.add(authority.der().clone()).expect("its root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(trusted.into(), Arc::clone(&provider))
                .build()
                .expect("a verifier");
        let (certificate, key) = issue(&authority, "127.0.0.1");
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().expect("a key"),
            )
            .expect("a configuration");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .expect("a port");
        let address = listener.local_addr().expect("its address");
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                tokio::spawn(async move {
                    // Whoever shows no certificate gets no further.
                    let mut client = acceptor.accept(client).await?;
                    let mut engine = UnixStream::connect(socket).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut engine).await
                });
            }
        });
        Self {
            address,
            authority,
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Writes what a client needs, by the names that Docker gives them; without a
    /// certificate of its own it can only see who is there.
    pub(crate) fn write_client(&self, folder: &Path, is_known: bool) {
        std::fs::create_dir_all(folder).expect("a folder");
        let write = |name: &str, text: String| {
            std::fs::write(folder.join(name), text).expect("a file is written");
        };
        write("ca.pem", self.authority.pem());
        if is_known {
            let (certificate, key) = issue(&self.authority, "client");
            write("cert.pem", certificate.pem());
            write("key.pem", key.serialize_pem());
        }
    }
}

fn issue(
    authority: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![name.to_owned()])
        .and_then(|params| params.signed_by(&key, authority))
        .expect("a certificate");
    (certificate, key)
}
