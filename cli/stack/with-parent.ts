// Preloaded into every supervised service: when the supervisor is gone, however it went, the channel closes and the
// service ends too, so that no run leaves processes behind.
process.once("disconnect", () => process.exit(1));
// The channel alone must not keep a service alive that has nothing left to do.
process.channel?.unref();
