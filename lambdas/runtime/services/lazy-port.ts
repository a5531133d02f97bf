/** Nothing but methods that answer later. */
type Methods<Port> = { readonly [Name in keyof Port]: (...given: never[]) => Promise<unknown> };

/**
 * A port of the domain whose adapter, and with it the client of an AWS service, is loaded when one of its methods is
 * first called: inside of an invocation, which waits for it. What is no method is known before.
 */
export function lazyPort<Port extends Methods<Port>>(load: () => Promise<Port>): Port;
export function lazyPort<Port extends Methods<Omit<Port, Known>>, Known extends keyof Port>(
  load: () => Promise<Port>,
  known: Pick<Port, Known>,
): Port;
export function lazyPort(load: () => Promise<object>, known: object = {}): object {
  let loading: Promise<object> | undefined;
  return new Proxy(Object.freeze({ ...known }), {
    get: (facts, name) => {
      // Asked of everything that is awaited or printed; no port has such a method.
      if (typeof name === 'symbol' || name === 'then' || name === 'toJSON') return undefined;
      if (Object.hasOwn(facts, name)) return Reflect.get(facts, name);
      return async (...given: unknown[]): Promise<unknown> => {
        loading ??= load();
        const adapter = await loading;
        const method: unknown = Reflect.get(adapter, name);
        if (typeof method !== 'function') throw new Error(`calling ${name}: the adapter has no such method`);
        return Reflect.apply(method, adapter, given);
      };
    },
  });
}
