// An empty script: the start of Deno itself, as the baseline of list_streams.ts.
