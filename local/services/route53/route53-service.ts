import { type Clock, systemClock } from '../../clock.ts';
import type { AwsService } from '../../door/wire.ts';
import type { LocalContext } from '../local-context.ts';
import type { LocalService } from '../local-service.ts';
import { createRoute53Operations } from './route53-operations.ts';
import { route53Protocol } from './route53-protocol.ts';
import { ZoneStore } from './zone-store.ts';

export interface Route53Service extends LocalService {
  readonly service: AwsService;
  readonly zones: ZoneStore;
}

/**
 * Makes Route 53: the zones of all accounts, each visible to the roles of its own account. The zone store decides which
 * zones are delegated.
 */
export function createRoute53Service(
  { database }: Pick<LocalContext, 'database'>,
  clock: Clock = systemClock,
): Route53Service {
  const zones = new ZoneStore(database, clock);
  return {
    zones,
    service: {
      signingName: 'route53',
      protocol: route53Protocol,
      accessDenied: { code: 'AccessDenied', status: 403 },
      operations: createRoute53Operations(zones),
    },
    provisioners: {},
  };
}
