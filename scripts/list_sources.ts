/**
 * Writes install/sources.ts, which imports all files that the shared library is built from. To be run when such a file was
 * added or removed: `deno run -A scripts/list_sources.ts`. A test checks that it was.
 */
const root = new URL("../", import.meta.url).pathname;

/** Paths of all files that the build reads, from the root. */
export function buildFiles(): string[] {
  const folders = [
    "scripts/build",
    "shim",
    "shim/ffmpeg",
    "shim/headers",
    "shim/input",
    "shim/output",
    "shim/remux",
  ];
  const files = folders.flatMap((folder) =>
    [...Deno.readDirSync(root + folder)].filter(({ isFile }) => isFile).map(({ name }) => `${folder}/${name}`)
  );
  return ["scripts/build_shim.sh", ...files].filter((path) => /\.(?:sh|[ch]|patch)$/.test(path)).sort();
}

function nameOf(path: string): string {
  return path.replace(/^(?:shim|scripts)\/(?:ffmpeg\/|build\/)?/, "").replace(/[^A-Za-z0-9]/g, "_");
}

function moduleOf(paths: readonly string[]): string {
  const imports = paths.map((path) => `import ${nameOf(path)} from "../${path}" with { type: "text" };`);
  const entries = paths.map((path) => `  "${path}": ${nameOf(path)},`);
  return `// deno-fmt-ignore-file
/**
 * The sources that the shared library is built from, as text inside the modules: they come with the package, checked
 * as all of it is. Written by scripts/list_sources.ts.
 */
${imports.join("\n")}

/** Texts of the files by their paths. */
export const sources: Readonly<Record<string, string>> = {
${entries.join("\n")}
};
`;
}

if (import.meta.main) Deno.writeTextFileSync(`${root}install/sources.ts`, moduleOf(buildFiles()));
