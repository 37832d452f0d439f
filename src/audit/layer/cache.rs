//! What is kept of layers between audits.
