import { liftProof } from '../../lambdas/domain/environment/lift-proof.ts';
import type { Application } from '../../lambdas/domain/model/application.ts';
import type { Deployment } from '../../lambdas/domain/model/deployment.ts';
import { LEDGER_PAGES } from '../../lambdas/domain/model/proof/ledger.ts';
import type { ProofLiftRequest } from '../../lambdas/domain/model/proof/proof-lift.ts';
import { type Analysis, AnalysisSchema } from '../../lambdas/domain/plan/analysis.ts';
import { identityOf, type SimulatedModule } from './plan-artifacts.ts';
import type { Terraform } from './simulated-builds.ts';
import { TOOLING, World } from './world.ts';

type EnvironmentName = 'dev1' | 'stage1' | 'prod1';

/** How plans and applies of one environment go: of modules, their contents by the names of their calls. */
export type Course = Omit<Partial<Terraform>, 'modules'> & {
  readonly modules?: Readonly<Record<string, string | SimulatedModule>>;
};

/** The course of every environment, and what differs in one of them. */
export type Courses = Course & Partial<Record<EnvironmentName, Course>>;

const REASON = 'agreed with the client on the telephone';

/** A world in which every release says what its builds find in each environment. */
export class ProofWorld {
  readonly world: World;
  readonly #courses = new Map<number, Courses>();

  private constructor(world: World) {
    this.world = world;
    world.builds.terraform = ({ release, environment }) => {
      const { dev1, stage1, prod1, ...usual } = this.#courses.get(release ?? 0) ?? {};
      const own = { dev1, stage1, prod1 }[environment] ?? {};
      const { modules = {}, ...course } = { ...usual, ...own };
      return {
        plan: 'changes',
        apply: 'succeeds',
        ...course,
        modules: Object.entries(modules).map(([name, each]) =>
          typeof each === 'string' ? { name, content: each } : { ...each, name },
        ),
      };
    };
  }

  static async open(application: Partial<Application> = {}): Promise<ProofWorld> {
    return new ProofWorld(await World.open(application));
  }

  async release(courses: Courses): Promise<number> {
    const number = await this.world.release();
    this.#courses.set(number, courses);
    return number;
  }

  /** Changes what the builds of a release find from now on. */
  change(release: number, courses: Courses): void {
    this.#courses.set(release, courses);
  }

  /** Brings a release to an environment and lets it end there. */
  async bring(release: number, environment: string, operation: 'deploy' | 'rollback' = 'deploy'): Promise<Deployment> {
    const ended = await this.world.finish(await this.world.deploy(environment, release, { operation }));
    this.world.surroundings.advance(1);
    return ended;
  }

  /** Makes a release and brings it to each of the environments with success. */
  async through(courses: Courses, ...environments: EnvironmentName[]): Promise<number> {
    const release = await this.release(courses);
    for (const environment of environments) {
      const ended = await this.bring(release, environment);
      if (ended.status !== 'succeeded') throw new Error(`${ended.id} is ${ended.status}: ${JSON.stringify(ended)}`);
    }
    return release;
  }

  everywhere(courses: Courses): Promise<number> {
    return this.through(courses, 'dev1', 'stage1', 'prod1');
  }

  upToStaging(courses: Courses): Promise<number> {
    return this.through(courses, 'dev1', 'stage1');
  }

  async lift(
    named:
      | { readonly content: string; readonly call?: string }
      | { readonly engine: string }
      | { readonly provider: string },
    environment = 'prod1',
  ): Promise<void> {
    const request: ProofLiftRequest =
      'content' in named
        ? { call: named.call ?? 'module.web', identity: identityOf(named.content), reason: REASON }
        : { ...named, reason: REASON };
    await liftProof(this.world, { application: 'my-app', environment }, request, TOOLING);
  }

  /** Returns what the plan of a deployment says about the proof. */
  async proofOf(deployment: Deployment): Promise<Analysis['proof']> {
    return (await this.analysisOf(deployment)).proof;
  }

  async analysisOf(deployment: Deployment): Promise<Analysis> {
    const planned = 'planned' in deployment ? deployment.planned : undefined;
    const stored = planned && (await this.world.artifacts.getJson(planned.analysis.key, planned.analysis.versionId));
    return AnalysisSchema.parse(stored?.value);
  }

  /** Makes an environment one whose successes are all from before there were ledgers. */
  async forgetLedger(environment: string): Promise<void> {
    for (const page of LEDGER_PAGES)
      await this.world.write('ledgerPage', { application: 'my-app', environment, page, entries: [] });
  }
}
