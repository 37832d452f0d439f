//! Against a real engine.
