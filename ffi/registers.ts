/**
 * Registers: how numbers reach the addon of Node-API (`shim/node_api.c`), and come back. They are in an array whose memory
 * the addon knows, since it takes longer to read a number from an argument than to make the call. Everything else is an
 * argument. Native code writes to that memory, so nobody else may have the array, who could detach it.
 */
import { symbols } from "./symbols.ts";

/** The addon as it is loaded; its functions find their numbers in `registers`. */
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

/** What is no number is 0, and is not converted: that could run code of the program, which makes calls, too. */
function numberOf(argument: Argument): number {
  return typeof argument === "number" ? argument : 0;
}

function otherOf(argument: Argument): object | null {
  return typeof argument === "number" ? null : argument;
}
