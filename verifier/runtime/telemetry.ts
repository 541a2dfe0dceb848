// onnxruntime 1.30 carries Microsoft's telemetry: it leaves a log and a session's id in the temporary folder of every process that
// opens a session, and reports to its makers where it can. Native code reads the variable when it is loaded, and only a main thread's
// `process.env` reaches it: whoever starts the runtime or its threads imports this first.
process.env.ORT_DISABLE_TELEMETRY ??= "1";
