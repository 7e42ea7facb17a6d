// What Deno itself takes to start: the baseline of list_streams.ts.
