/**
 * Tests of Deno itself: its permissions, its file functions, `deno compile`, JSR, its other commands; by file, with the
 * beginnings of their names. They are only counted on other runtimes, where all other tests run.
 */
export const onlyDeno: Readonly<Record<string, "all" | readonly string[]>> = {
  // They test avio in Deno, npm or a browser; npm_package_test.ts starts the other runtimes itself.
  "browser_test.ts": "all",
  "compile_test.ts": "all",
  "docs_test.ts": "all",
  "examples_test.ts": "all",
  "jsr_package_test.ts": "all",
  "npm_package_test.ts": "all",
  "package_managers_test.ts": "all",
  "release_test.ts": "all",
  // Deno.stdin.readable; uploads by a fetch that gets its response before it has sent everything.
  "open_files_test.ts": ["Standard input is a source"],
  "openers_test.ts": ["withinDirectory() throws for files without permission"],
  "sink_test.ts": ["examples/serve_remux.ts responds to an upload"],
  // Programs for Deno, like the others in examples_test.ts.
  "more_examples_test.ts": [
    "examples/probe_upload.ts",
    "examples/serve_as_mp4.ts",
    "examples/hls_in_memory.ts",
    "examples/probe_in_process.ts",
  ],
  "boundary_test.ts": [
    "--allow-ffi",
    "Without the FFI permission",
    "A path needs read permission",
    "Packets can be cloned, and posted to a worker",
  ],
  "containment_test.ts": ["Permissions: loading the library is enough"],
  "cli_test.ts": ["cli: needs the permissions in the documentation of cli.ts"],
  "rewrite_test.ts": ["cli: rewrite without the permission to write"],
  // It runs without write permission, since it would write anywhere.
  "hostile_test.ts": ["Every public function with hostile arguments"],
  "file_test.ts": ["The sync engine makes synchronous calls"],
  // How far the source reads ahead of a seek depends on the size of chunks of Deno's fetch.
  "http_test.ts": ["An http: source makes a new small request after a seek"],
};

/** Differences of Bun: it does not dispatch error events to listeners, and its fetch reads ahead. */
export const notBun: Readonly<Record<string, readonly string[]>> = {
  "errors_test.ts": ["An exception of a listener is reported"],
  "http_retry_test.ts": [
    "readWav() makes the requests that the tests take it to make",
    "A response that breaks is continued by a new request: another range",
  ],
};
