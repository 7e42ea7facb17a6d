/**
 * A replacement of `Deno.test`: collects the tests, for `run.ts`.
 */

/** A test. */
export interface Test {
  name: string;
  ignore: boolean;
  fn: () => void | Promise<void>;
}

/** The tests in the order of their definitions. */
export const tests: Test[] = [];

type Definition = Partial<Test>;

/** `Deno.test`, with the signatures that the tests use. */
export function test(...parameters: unknown[]): void {
  const found: Definition = {};
  for (const parameter of parameters) {
    if (typeof parameter === "string") found.name = parameter;
    else if (typeof parameter === "function") found.fn = parameter as Test["fn"];
    else Object.assign(found, parameter);
  }
  const { name = found.fn?.name ?? "", ignore = false, fn = () => {} } = found;
  tests.push({ name, ignore, fn });
}
