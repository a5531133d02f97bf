import type { LocalService } from './local-service.ts';

/** Services by name, in the order in which they start; they stop in the reverse order. */
export interface ServiceList<Services extends object> {
  readonly services: Services;
  readonly inOrder: readonly LocalService[];
  /** Makes the next service from the earlier ones. A service is named only in this call. */
  add<Next extends Readonly<Record<string, LocalService>>>(
    make: (earlier: Services) => Next,
  ): ServiceList<Services & Next>;
}

/** Returns an empty list, to which services are added. */
export const createServiceList = (): ServiceList<object> => listOf({}, []);

function listOf<Services extends object>(services: Services, inOrder: readonly LocalService[]): ServiceList<Services> {
  return {
    services,
    inOrder,
    add(make) {
      const next = make(services);
      for (const name of Object.keys(next)) {
        if (name in services) throw new Error(`the local cloud has a service "${name}" already`);
      }
      return listOf({ ...services, ...next }, [...inOrder, ...Object.values(next)]);
    },
  };
}
