/**
 * What stands in for `Deno.test`: tests are collected, for `run.ts`.
 */

/** A test. */
export interface Test {
  name: string;
  ignore: boolean;
  fn: () => void | Promise<void>;
}

/** In the order in which they were written down. */
export const tests: Test[] = [];

type Definition = Partial<Test>;

/** `Deno.test`, as the tests use it. */
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
