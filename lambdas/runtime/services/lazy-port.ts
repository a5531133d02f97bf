import { noted } from '../../adapters/calls-under-way.ts';
import { orUnavailable } from '../../adapters/or-unavailable.ts';

/** An object that has only asynchronous methods. */
type Methods<Port> = { readonly [Name in keyof Port]: (...given: never[]) => Promise<unknown> };

/**
 * Returns a port of the domain that loads its adapter, and with it the client of an AWS service, at the first call of a
 * method. That call is inside an invocation, which waits for the loading. `known` has the values that are not methods.
 * Errors of the service that pass (`isPassing`) are thrown as ServiceUnavailableError, which names the `service`.
 */
export function lazyPort<Port extends Methods<Port>>(service: string, load: () => Promise<Port>): Port;
export function lazyPort<Port extends Methods<Omit<Port, Known>>, Known extends keyof Port>(
  service: string,
  load: () => Promise<Port>,
  known: Pick<Port, Known>,
): Port;
export function lazyPort(service: string, load: () => Promise<object>, known: object = {}): object {
  let loading: Promise<object> | undefined;
  return new Proxy(Object.freeze({ ...known }), {
    get: (facts, name) => {
      // JavaScript reads these from every value that is awaited or printed. No port has a method of such a name.
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
      if (Object.hasOwn(facts, name)) return Reflect.get(facts, name);
      return async (...given: unknown[]): Promise<unknown> => {
        loading ??= load();
        const adapter = await noted(loading);
        const method: unknown = Reflect.get(adapter, name);
        if (typeof method !== 'function') throw new Error(`calling ${name}: the adapter has no such method`);
        return orUnavailable(service, name, () => Reflect.apply(method, adapter, given));
      };
    },
  });
}
