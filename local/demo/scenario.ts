import {
  APPLICATION,
  CLIENT,
  DATABASE,
  type EnvironmentName,
  MODULE,
  NAMES,
  PREVIEW,
  PREVIEW_SECONDS,
  STAFF,
  URL_OUTPUT,
} from './cast.ts';
import { type Client, type EphemeralView, type Mail, type Problem, Refused } from './client.ts';
import type { ConfigRepository } from './config-repository.ts';
import { collectResult, type DemoResult } from './demo-result.ts';
import { registrationOf } from './registration.ts';
import { Waiting, type WaitingProps } from './waiting.ts';

interface ScenarioProps extends WaitingProps {
  readonly repository: ConfigRepository;
  /** The engine that is installed on this machine. */
  readonly engine: 'terraform' | 'opentofu';
}

/** The main scenario, played with what people and tooling use: only HTTP, git and the links in e-mails. */
export class Scenario {
  readonly #client: Client;
  readonly #repository: ConfigRepository;
  readonly #progress: ScenarioProps['progress'];
  readonly #engine: ScenarioProps['engine'];
  readonly #until: Waiting;
  readonly #refusals: Problem[] = [];
  #preview: EphemeralView | undefined;

  constructor({ client, repository, progress, engine, nextWrite }: ScenarioProps) {
    this.#client = client;
    this.#repository = repository;
    this.#progress = progress;
    this.#engine = engine;
    this.#until = new Waiting({ client, progress, nextWrite });
  }

  /**
   * Runs the scenario. Independent parts run at the same time, as in a team; each line of output names its environment.
   */
  async run(): Promise<DemoResult> {
    await this.#register();
    await this.#firstPush();
    await this.#makeBranch();
    await Promise.all([this.#branchOfItsOwn(), this.#throughThePipeline()]);
    return collectResult({ client: this.#client, preview: this.#preview, refusals: this.#refusals });
  }

  async #throughThePipeline(): Promise<void> {
    await this.#firstRelease();
    await this.#releaseWithoutChanges();
    await Promise.all([this.#lastStepWithoutChanges(), this.#protectedDatabase()]);
    await Promise.all([this.#liftedProtection(), this.#unprovenModule()]);
    await Promise.all([this.#liftedProof(), this.#failingRelease()]);
  }

  async #register(): Promise<void> {
    this.#progress.heading('Register the application, its environments and its approvers');
    const { application, environments, approvers } = registrationOf(this.#engine);
    await this.#client.request('PUT', `/applications/${APPLICATION}`, application);
    for (const name of NAMES) {
      await this.#client.request('PUT', `/applications/${APPLICATION}/environments/${name}`, environments[name]);
      const { stage, accountId, region } = environments[name];
      this.#progress.line(`environment ${name}: ${stage}, account ${accountId}, ${region}`);
    }
    await Promise.all(Object.entries(approvers).map(([email, settings]) => this.#approver(email, settings)));
  }

  async #approver(email: string, settings: { readonly gates: readonly string[] }): Promise<void> {
    await this.#client.request('PUT', `/applications/${APPLICATION}/approvers/${email}`, settings);
    const mail = await this.#until.mail(
      (each) => each.to === email && /confirm/i.test(each.subject),
      `the confirmation mail to ${email}`,
    );
    await this.#client.open(firstLink(mail));
    this.#progress.line(`approver ${email} (${settings.gates.join()}) confirmed the e-mail subscription`);
  }

  async #firstPush(): Promise<void> {
    this.#progress.heading('A push becomes release 1, deploys itself to dev1 and promotes itself to stage1');
    await this.#repository.commit('Say hello', 'apps/my-app/README.md', '# my-app\n\nHello.\n');
    await this.#until.end('dev1', 1, 'succeeded');
  }

  async #firstRelease(): Promise<void> {
    await this.#until.gate('stage1', 1, 'staff');

    this.#progress.heading('Production is refused while stage1 has not succeeded');
    await this.#refused('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 1 });

    this.#progress.heading('Staff opens the link of the e-mail and approves stage1');
    await this.#approveByMail(STAFF, 'stage1', 1, 'Looks right');
    await this.#until.end('stage1', 1, 'succeeded');

    this.#progress.heading('Promotion to prod1 by API: staff, then the client');
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 1 });
    await this.#until.gate('prod1', 1, 'staff');
    await this.#approveByMail(STAFF, 'prod1', 1, 'Same plan as in stage1');
    await this.#until.gate('prod1', 1, 'client');
    await this.#approveByMail(CLIENT, 'prod1', 1, 'Please go live');
    await this.#until.end('prod1', 1, 'succeeded');
  }

  /** Makes the branch while nothing else commits, because all commits are made in the same working tree. */
  async #makeBranch(): Promise<void> {
    const content = '# my-app\n\nHello, you.\n';
    await this.#repository.branch(PREVIEW.branch, 'Greet by name', 'apps/my-app/README.md', content);
  }

  async #branchOfItsOwn(): Promise<void> {
    this.#progress.heading('Meanwhile a branch gets an environment of its own, based on dev1, outside of the pipeline');
    const { name, branch } = PREVIEW;
    const path = `/applications/${APPLICATION}/ephemeral-environments`;
    await this.#client.request('POST', path, { name, ref: branch, basedOn: 'dev1', ttlHours: 1 });
    this.#progress.line(`${name.padEnd(7)} asked for, from ${branch}`);
    this.#preview = await this.#until.preview('succeeded', ['failed', 'closed']);
    const { outputs, monthlyCost } = this.#preview;
    this.#progress.line(`${name.padEnd(7)} runs at http://${String(outputs[URL_OUTPUT]?.value)}`);
    if (monthlyCost)
      this.#progress.line(`${name.padEnd(7)} costs ${monthlyCost.amount} ${monthlyCost.currency} a month`);
    await this.#client.request('PATCH', `${path}/${name}`, { ttlHours: PREVIEW_SECONDS / 3600 });
    this.#progress.line(`${name.padEnd(7)} is to end in ${PREVIEW_SECONDS} seconds; everything else goes on meanwhile`);
    await this.#until.preview('closed', ['stuck']);
    const resources = await this.#client.resources(APPLICATION, name);
    if (resources !== 0) throw new Error(`${name} is closed with ${resources} resources in its state`);
    this.#progress.line(`${name.padEnd(7)} has expired: destroyed, resources in its Terraform state: ${resources}`);
  }

  async #releaseWithoutChanges(): Promise<void> {
    this.#progress.heading('Release 2 changes no infrastructure and passes through: no gates, no apply');
    await this.#repository.commit('Describe the repository', 'NOTES.md', 'Nothing Terraform would act on.\n');
    await this.#until.end('dev1', 2, 'succeeded');
    await this.#until.end('stage1', 2, 'succeeded');
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1' });
  }

  async #lastStepWithoutChanges(): Promise<void> {
    await this.#until.end('prod1', 2, 'succeeded');
  }

  async #protectedDatabase(): Promise<void> {
    this.#progress.heading(
      'Release 3 would replace the production database: blocked, until staff lifts the protection',
    );
    const variables = 'apps/my-app/prod1/terraform.tfvars';
    await this.#repository.edit('Larger production database', variables, 'db.r8g.large', 'db.r8g.xlarge');
    await this.#until.end('dev1', 3, 'succeeded');
    await this.#until.end('stage1', 3, 'succeeded');
  }

  async #liftedProtection(): Promise<void> {
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 3 });
    const blocked = await this.#until.end('prod1', 3, 'blocked');
    const lift = { address: DATABASE, reason: 'agreed with the client; the data has been exported' };
    await this.#client.request('POST', `/applications/${APPLICATION}/environments/prod1/protection-lifts`, lift);
    this.#progress.line(`staff lifts the protection of ${DATABASE}, once`);
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 3 });
    await this.#until.gate('prod1', 3, 'staff', blocked.id);
    await this.#approveByMail(STAFF, 'prod1', 3, 'Replaced on purpose');
    await this.#until.gate('prod1', 3, 'client', blocked.id);
    await this.#approveByMail(CLIENT, 'prod1', 3, 'Agreed');
    await this.#until.end('prod1', 3, 'succeeded', blocked.id);
  }

  async #unprovenModule(): Promise<void> {
    this.#progress.heading('Release 4 brings a new module version to prod1 only, and passes through stage1');
    const addition = 'resource "terraform_data" "alarm" {\n  input = terraform_data.service.output.name\n}\n';
    await this.#repository.nextModuleVersion('Alarm for production', 'apps/my-app/prod1', addition);
    await this.#until.end('dev1', 4, 'succeeded');
    await this.#until.end('stage1', 4, 'succeeded');
  }

  async #liftedProof(): Promise<void> {
    this.#progress.heading(
      'Production blocks what has not run in stage1, until staff lifts the proof for exactly that',
    );
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 4 });
    const blocked = await this.#until.end('prod1', 4, 'blocked');
    const identity = blocked.proof?.unproven.find(({ call }) => call === MODULE.call)?.subject;
    const lift = { call: MODULE.call, identity, reason: 'the alarm exists in production only' };
    await this.#client.request('POST', `/applications/${APPLICATION}/environments/prod1/proof-lifts`, lift);
    this.#progress.line(`staff lifts the proof of ${MODULE.call} (${identity?.slice(0, 12)}…), once`);
    await this.#client.request('POST', `/applications/${APPLICATION}/promotions`, { to: 'prod1', release: 4 });
    await this.#until.gate('prod1', 4, 'staff', blocked.id);
    await this.#approveByMail(STAFF, 'prod1', 4, 'For production only');
    await this.#until.gate('prod1', 4, 'client', blocked.id);
    await this.#approveByMail(CLIENT, 'prod1', 4, 'Agreed');
    await this.#until.end('prod1', 4, 'succeeded', blocked.id);
  }

  async #failingRelease(): Promise<void> {
    this.#progress.heading('Release 5 does not work: it fails in dev1, says where, and frees the environment');
    const broken = 'resource "terraform_data" "broken" {\n  input = var.does_not_exist\n}\n';
    await this.#repository.commit('Break dev1', 'apps/my-app/dev1/broken.tf', broken);
    await this.#until.end('dev1', 5, 'failed');
    await this.#refused('POST', `/applications/${APPLICATION}/promotions`, { to: 'stage1', release: 5 });
  }

  async #approveByMail(email: string, environment: EnvironmentName, release: number, comment: string): Promise<void> {
    const isAsked = (each: Mail) =>
      each.to === email && each.subject.includes(environment) && each.subject.includes(`release ${release}`);
    const mail = await this.#until.mail(isAsked, `the approval mail for ${environment} to ${email}`);
    const rehearsed = /^ *Rehearsal *(.*)$/m.exec(mail.body)?.[1];
    if (rehearsed) this.#progress.line(`${environment.padEnd(7)} release ${release}  the mail says: ${rehearsed}`);
    const link = firstLink(mail);
    const page = await this.#client.open(link);
    const typed = environment === 'prod1' ? { environment } : undefined;
    await this.#client.submit(link, page, { decision: 'approve', comment, ...typed });
    this.#progress.line(`${environment.padEnd(7)} release ${release}  approved by ${email} through the mailed link`);
  }

  async #refused(method: string, path: string, body: unknown): Promise<void> {
    try {
      await this.#client.request(method, path, body);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#refusals.push(error.problem);
      this.#progress.line(`refused with ${error.problem.status}: ${error.problem.detail}`);
      return;
    }
    throw new Error(`${method} ${path} was not refused`);
  }
}

function firstLink(mail: Mail): string {
  const [link] = mail.links;
  if (!link) throw new Error(`the mail "${mail.subject}" to ${mail.to} has no link`);
  return link;
}
