/**
 * Registers: a shared array in which numbers are passed to the Node-API addon (`shim/node_api.c`) and returned, because
 * reading a number from an argument takes longer than the call itself. Everything else is passed as an argument. Native code
 * writes to the array's memory, so no other code may get the array: it could detach it.
 */
import { symbols } from "./symbols.ts";

/** The addon as it was loaded; its functions read and write numbers in `registers`. */
export interface BareAddon {
  readonly registers: ArrayBuffer;
  readonly [name: string]: Bare | ArrayBuffer;
}

type Bare = (...values: (object | null)[]) => void;
type Argument = number | object | null;
type Numbers = Float64Array<ArrayBuffer>;

/** The functions of the addon with numbers as arguments and results, and its registers. */
export function throughRegisters(
  { registers, ...functions }: BareAddon,
): { functions: object; numbers: Numbers } {
  const numbers = new Float64Array(registers);
  const wrapped = Object.entries(functions).map(([name, call]) => {
    const wrap = takesNumbersOnly(name) ? withNumbers : withNumbersAndBytes;
    return [name, wrap(call as Bare, numbers)] as const;
  });
  return { functions: Object.fromEntries(wrapped), numbers };
}

function takesNumbersOnly(name: string): boolean {
  const parameters: readonly string[] | undefined = symbols[name as keyof typeof symbols]?.parameters;
  return parameters !== undefined && parameters.length <= 4 && !parameters.includes("buffer");
}

function withNumbers(call: Bare, numbers: Numbers): (...values: Argument[]) => number {
  return (a = 0, b = 0, c = 0, d = 0) => {
    numbers[0] = numberOf(a);
    numbers[1] = numberOf(b);
    numbers[2] = numberOf(c);
    numbers[3] = numberOf(d);
    call();
    return numbers[0];
  };
}

function withNumbersAndBytes(call: Bare, numbers: Numbers): (...values: Argument[]) => number {
  return (a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0) => {
    numbers[0] = numberOf(a);
    numbers[1] = numberOf(b);
    numbers[2] = numberOf(c);
    numbers[3] = numberOf(d);
    numbers[4] = numberOf(e);
    numbers[5] = numberOf(f);
    numbers[6] = numberOf(g);
    call(otherOf(a), otherOf(b), otherOf(c), otherOf(d), otherOf(e), otherOf(f));
    return numbers[0];
  };
}

/** Other values are 0, and not converted: conversion could run the program's code, which may make calls itself. */
function numberOf(argument: Argument): number {
  return typeof argument === "number" ? argument : 0;
}

function otherOf(argument: Argument): object | null {
  return typeof argument === "number" ? null : argument;
}
