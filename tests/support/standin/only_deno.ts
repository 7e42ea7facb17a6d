/**
 * Tests that are about Deno itself: its permissions, its calls of files, `deno compile`, JSR, its other commands; by file, with
 * how their names begin. They are counted, and everything else runs on the other runtimes, too.
 */
export const onlyDeno: Readonly<Record<string, "all" | readonly string[]>> = {
  // What they test is how Deno, npm or a browser take avio; npm_package_test.ts starts the other runtimes itself.
  "browser_test.ts": "all",
  "compile_test.ts": "all",
  "docs_test.ts": "all",
  "examples_test.ts": "all",
  "jsr_package_test.ts": "all",
  "npm_package_test.ts": "all",
  "package_managers_test.ts": "all",
  "release_test.ts": "all",
  // Deno.stdin.readable; uploads by a fetch that answers before it has sent all.
  "open_files_test.ts": ["Standard input is a source"],
  "openers_test.ts": ["withinDirectory() throws where permission ends"],
  "sink_test.ts": ["examples/serve_remux.ts answers an upload"],
  // Programs for Deno, as the others in examples_test.ts.
  "more_examples_test.ts": [
    "examples/probe_upload.ts",
    "examples/serve_as_mp4.ts",
    "examples/hls_in_memory.ts",
    "examples/probe_in_process.ts",
  ],
  "boundary_test.ts": [
    "--allow-ffi",
    "Without the FFI permission",
    "A path needs the permission",
    "Packets can be cloned, and posted to a worker",
  ],
  "containment_test.ts": ["Permissions: the library alone"],
  "cli_test.ts": ["cli: needs the permissions that the help of cli.ts tells"],
  "rewrite_test.ts": ["cli: rewrite without the permission to write"],
  // It runs without the right to write, since it writes whatever it can.
  "hostile_test.ts": ["Every public function with hostile arguments"],
  "file_test.ts": ["The sync engine makes synchronous calls"],
  // How far is read ahead of a seek is told by the size of the chunks of Deno's fetch.
  "http_test.ts": ["An http: source is asked again where it really seeks"],
};

/** What Bun has in another way: it reports errors to nobody who listens, and its fetch reads ahead. */
export const notBun: Readonly<Record<string, readonly string[]>> = {
  "errors_test.ts": ["A listener that throws is reported"],
  "http_retry_test.ts": [
    "readWav() makes the requests that the tests take it to make",
    "A response that breaks is gone on with: another range",
  ],
};
