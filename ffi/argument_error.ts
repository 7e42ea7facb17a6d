/**
 * Errors about arguments and results of callbacks. Their message begins with the name of the argument or callback,
 * which is also in `argument`, so that programs need not parse the message.
 */

/** A TypeError or RangeError with the name of the wrong argument. */
export type ArgumentError<E extends TypeError | RangeError> = E & { argument: string };

type Kind<E> = new (message: string) => E;

/** A wrong argument: `start: must be 0 or more, is -1`. */
export function argumentError<E extends TypeError | RangeError>(
  kind: Kind<E>,
  argument: string,
  fault: string,
): ArgumentError<E> {
  return Object.assign(new kind(`${argument}: ${fault}`), { argument });
}

/** A callback that did something wrong: `onwrite returned a string: it must be a number`. */
export function callbackError<E extends TypeError | RangeError>(
  kind: Kind<E>,
  callback: string,
  fault: string,
): ArgumentError<E> {
  return Object.assign(new kind(`${callback} ${fault}`), { argument: callback });
}
