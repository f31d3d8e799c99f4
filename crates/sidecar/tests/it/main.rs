//! How the sidecar behaves, seen from its apps. Each case takes addresses and a test app, never the sidecar's insides.

mod app;
mod delivery;
mod envelope;
mod grpc;
mod invoke;
mod latency_tmp;
mod log;
mod publish;
mod rig;
mod secrets;
mod start;
mod subscriptions;
mod tokens;
mod unsupported;
