import { requestApproval } from '../../lambdas/domain/approval/request-approval.ts';
import { recordEnding } from '../../lambdas/domain/deployment/record-ending.ts';
import { releaseEnvironment } from '../../lambdas/domain/deployment/release-environment.ts';
import type { Ending } from '../../lambdas/domain/endings.ts';
import type { Planned } from '../../lambdas/domain/model/deployment.ts';
import { plannedOf } from '../../lambdas/domain/model/deployment.ts';
import { withPlan } from '../../lambdas/domain/model/deployment-transitions.ts';
import type { KeyOf, Kind, RecordOf } from '../../lambdas/domain/model/table/records.ts';
import type { Operation } from '../../lambdas/domain/operation.ts';
import type { GateName } from '../../lambdas/domain/policy.ts';
import { aPlanned, commitOf } from '../harness/builders.ts';
import { PUBLIC_URL, TestApi } from './test-api.ts';

export const APPLICATION = {
  client: 'acme',
  configRepository: { url: 'https://git.example.com/acme-config.git', branch: 'main', provider: 'github-enterprise' },
};
const STAGES = { dev1: 'development', stage1: 'staging', prod1: 'production' } as const;
export type Name = keyof typeof STAGES;
export const environmentBody = (name: Name) => ({
  stage: STAGES[name],
  accountId: '222222222222',
  region: 'eu-west-1',
});
export const STAFF = 'staff@example.com';
export const CLIENT = 'client@example.com';
export const JANE = 'arn:aws:sts::999999999999:assumed-role/Staff/jane';

/** An application with three environments, made through the API. The tests do the steps of the workflow themselves. */
export class PipelineWorld extends TestApi {
  static async create(): Promise<PipelineWorld> {
    const world = new PipelineWorld();
    await world.put('/applications/my-app', APPLICATION);
    for (const name of ['dev1', 'stage1', 'prod1'] as const)
      await world.put(`/applications/my-app/environments/${name}`, environmentBody(name));
    return world;
  }

  /** Writes a record, or replaces the one with this key. */
  write<K extends Kind>(kind: K, record: RecordOf<K>): Promise<void> {
    return this.store.transact(async (transaction) => {
      await transaction.get(kind, record as unknown as KeyOf<K>);
      transaction.put(kind, record);
    });
  }

  /** Registers an approver whose address is confirmed. */
  async approver(email: string, gate: GateName, principals: string[] = []): Promise<void> {
    await this.put(`/applications/my-app/approvers/${encodeURIComponent(email)}`, { gates: [gate], principals });
    this.mail.click(email);
  }

  /** Makes a release through the API. Returns the id of its deployment to dev1. */
  async release(number: number): Promise<string> {
    const { body } = await this.post('/applications/my-app/releases', { commit: commitOf(number), message: 'Change' });
    return body.deploymentId;
  }

  /** Requests a deployment through the API. Returns its id. */
  async deploy(environment: Name, release: number, operation: Operation = 'deploy', caller?: string): Promise<string> {
    const path = `/applications/my-app/environments/${environment}/deployments`;
    const { body, status } = await this.post(path, { release, operation }, caller);
    if (status !== 202) throw new Error(`deploying release ${release} to ${environment}: ${JSON.stringify(body)}`);
    return body.id;
  }

  /** Ends the plan build and its analysis. */
  async plan(id: string, planned: Partial<Planned> = {}): Promise<void> {
    await this.store.transact(async (transaction) => {
      const deployment = await transaction.get('deployment', { id });
      if (deployment?.status !== 'planning') throw new Error(`${id} is ${deployment?.status}`);
      transaction.put('deployment', withPlan(deployment, aPlanned({ round: deployment.round, ...planned })));
    });
  }

  /** Opens a gate of the planned deployment, whose task then waits. */
  async openGate(id: string, gate: GateName): Promise<void> {
    await requestApproval({ ...this.services, publicUrl: PUBLIC_URL }, id, gate);
    const token = `token of ${id} ${gate}`;
    this.workflow.waiting.add(token);
    await this.store.transact(async (transaction) => {
      await transaction.get('taskToken', { deploymentId: id, gate });
      transaction.put('taskToken', { deploymentId: id, gate, token, storedAt: this.surroundings.now() });
    });
  }

  /** Ends the execution, which releases the environment to the next deployment. */
  async end(id: string, ending: Ending = 'succeeded'): Promise<void> {
    const deployment = await this.store.get('deployment', { id });
    if (deployment && !plannedOf(deployment) && ending === 'succeeded') await this.plan(id, { hasChanges: false });
    await recordEnding(this.services, id, ending);
    await releaseEnvironment(this.services, id);
  }

  /** Deploys a release to the environments, one after the other, with success and without gates. */
  async succeed(release: number, ...environments: Name[]): Promise<void> {
    for (const name of environments) await this.end(await this.deploy(name, release));
  }

  get services() {
    const { store, mail, workflow, events, artifacts, states, links, surroundings } = this;
    return { store, mail, workflow, events, artifacts, states, links, surroundings };
  }
}
