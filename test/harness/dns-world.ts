import type { Deployment } from '../../lambdas/domain/model/deployment.ts';
import type { EnvironmentDns } from '../../lambdas/domain/model/dns/dns.ts';
import type { DnsSettings } from '../../lambdas/domain/model/dns/dns-settings.ts';
import type { ZoneRecord } from '../../lambdas/domain/model/dns/zone-record.ts';
import { DNS_SETTINGS } from './builders.ts';
import { World } from './world.ts';

export const ZONE = 'Z0ACME';
export const LOAD_BALANCER = { name: 'lb-1.eu-west-1.elb.example', zoneId: 'Z32O12XQLNTSW2' };

/** The usual world, in which dev1 has DNS in a delegated zone `acme.example`. */
export class DnsWorld extends World {
  static async openWithDns(settings: DnsSettings = DNS_SETTINGS): Promise<DnsWorld> {
    const world = new DnsWorld();
    await world.furnish({ serviceDiscoveryDomain: 'acme.example' });
    await world.change('dev1', { dns: settings });
    world.delegate(world.zones.add(ZONE, 'acme.example'));
    world.certificates.isVisible = (record) => {
      const isDelegated = world.zones.all.some((zone) =>
        world.publicDns.delegations.get(zone.name)?.includes(zone.nameServers[0] ?? ''),
      );
      return (
        isDelegated &&
        world.allRecords().some(({ name, values }) => name === record.name && values?.[0] === record.value)
      );
    };
    world.point();
    await world.release();
    return world;
  }

  delegate({ name, nameServers }: { readonly name: string; readonly nameServers: readonly string[] }): void {
    this.publicDns.delegations.set(name, nameServers);
  }

  /** Sets the load balancer that Terraform's outputs name from the next apply on. */
  point(name = LOAD_BALANCER.name, zoneId = LOAD_BALANCER.zoneId): void {
    this.builds.outputs = {
      lb_name: { sensitive: false, value: name },
      lb_zone_id: { sensitive: false, value: zoneId },
    };
  }

  /** Runs a deployment to its end, through every wait. */
  async settle(id: string): Promise<Deployment> {
    for (let waits = 0; waits < 300; waits++) {
      const deployment = await this.finish(id);
      if (this.workflow.executions.get(id)?.status !== 'RUNNING') return deployment;
      this.surroundings.advance(this.patience.pollSeconds);
    }
    throw new Error(`deployment "${id}" waits for ever at ${this.workflow.stateOf(id)}`);
  }

  /** Runs a deployment of a new release, or of the release in the wish. */
  async run(
    environment = 'dev1',
    wish: { release?: number; operation?: 'destroy' | 'rollback' } = {},
  ): Promise<Deployment> {
    const release = wish.release ?? (await this.release());
    return this.settle(await this.deploy(environment, release, wish));
  }

  allRecords(): ZoneRecord[] {
    return [...this.zones.content.values()].flat();
  }

  /** Returns all records of the zone except its NS records. */
  recordsOf(zoneId = ZONE): ZoneRecord[] {
    return (this.zones.content.get(zoneId) ?? []).filter(({ type }) => type !== 'NS');
  }

  async dns(environment = 'dev1'): Promise<EnvironmentDns | undefined> {
    return this.store.get('environmentDns', { application: 'my-app', environment });
  }

  async errorOf(id: string): Promise<{ reason: string; message: string } | undefined> {
    const deployment = await this.deployment(id);
    return 'error' in deployment ? deployment.error : undefined;
  }
}
