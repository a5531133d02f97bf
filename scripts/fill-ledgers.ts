import * as z from 'zod';
import { apiClient, type SendRequest } from './api-request.ts';
import { type CommandLine, parseOptions, UsageError } from './command-line.ts';
import { type Filled, fillLedger, type Patience } from './fill-ledger.ts';

const USAGE = `usage: npm run ledger:fill -- --url URL (--application APP… | --all) [options]

Deploys the release of each environment again, in the order of the pipeline, so that Stagegate records which modules,
engine and providers run there. Nothing is changed on the way: a plan with changes waits for approval, and its
deployment is canceled. Where no approval is needed it would be applied at once, so such an environment is left out
unless --apply names it.

  --url URL           address of the API (stack output ApiUrl); requests are signed with your AWS credentials, and
                      sent without a signature to the local cloud
  --application APP   which application; may be repeated
  --all               all applications
  --apply ENV         deploy there although changes would be applied, or the release promoted, without anybody's
                      approval; may be repeated
  --minutes N         longest time for one deployment (60)
  --region REGION     of the API, if its address does not say
  --principal NAME    caller in the local cloud (admin@local)

Exit code 0: every environment is recorded or left out; 1: some are not; 2: it could not be done; 130: interrupted.
`;

const OptionsSchema = z
  .object({
    url: z.url({ protocol: /^https?$/, error: 'is no address like https://…' }),
    application: z.array(z.string().min(1)).default([]),
    all: z.boolean().default(false),
    apply: z.array(z.string().min(1)).default([]),
    minutes: z.coerce.number().min(1).max(600).default(60),
    region: z.string().optional(),
    principal: z.string().default('admin@local'),
  })
  .refine(({ application, all }) => all !== application.length > 0, { error: 'give --application or --all' });

function readOptions(args: string[]): z.infer<typeof OptionsSchema> {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const all = { type: 'boolean' } as const;
  const options = { url: text, application: list, all, apply: list, minutes: text, region: text, principal: text };
  return parseOptions(OptionsSchema, args, options);
}

const PageSchema = z.object({ items: z.array(z.object({ name: z.string() })), nextCursor: z.string().optional() });

async function namesOfAll(send: SendRequest): Promise<string[]> {
  const names: string[] = [];
  let query: Record<string, string> = { limit: '100' };
  for (;;) {
    const { status, body } = await send({ method: 'GET', path: '/applications', query });
    const page = PageSchema.safeParse(body);
    if (status !== 200 || !page.success)
      throw new Error(`GET /applications answered ${status}: ${JSON.stringify(body)}`);
    names.push(...page.data.items.map(({ name }) => name));
    if (page.data.nextCursor === undefined) return names;
    query = { limit: '100', cursor: page.data.nextCursor };
  }
}

const ApplicationSchema = z.object({ pipeline: z.array(z.string()) });

async function pipelineOf(send: SendRequest, application: string): Promise<string[]> {
  const path = `/applications/${encodeURIComponent(application)}`;
  const { status, body } = await send({ method: 'GET', path });
  const found = ApplicationSchema.safeParse(body);
  if (status !== 200 || !found.success) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`);
  return found.data.pipeline;
}

async function fill({ args, print, complain }: CommandLine, waiting: Waiting): Promise<number> {
  const { url, region, principal, apply, minutes, ...options } = readOptions(args);
  const send = apiClient({ url, region, principal });
  const patience = { pollSeconds: 5, ...waiting, seconds: minutes * 60 };
  const applications = options.all ? await namesOfAll(send) : options.application;
  const pipelines = [];
  for (const application of applications)
    pipelines.push({ application, environments: await pipelineOf(send, application) });
  const known = new Set(pipelines.flatMap(({ environments }) => environments));
  const unknown = apply.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new UsageError(`--apply ${unknown.join(', ')}: no such environment in a pipeline`);
  let isComplete = true;
  for (const { application, environments } of pipelines)
    for (const environment of environments) {
      const place = `${application}/${environment}`;
      const tell = (text: string) => print(`${place}: ${text}\n`);
      const filled = await fillLedger(
        send,
        { application, environment, mayApply: apply.includes(environment) },
        { ...patience, tell },
      );
      tell(filled.text);
      if (filled.outcome === 'interrupted') {
        complain('ledger:fill: interrupted\n');
        return 130;
      }
      isComplete &&= COMPLETE.has(filled.outcome);
    }
  return isComplete ? 0 : 1;
}

const COMPLETE: ReadonlySet<Filled['outcome']> = new Set(['recorded', 'left out']);

type Waiting = Pick<Patience, 'signal'> & Partial<Pick<Patience, 'pollSeconds'>>;

/** Fills the ledgers of applications. Returns the exit code. */
export async function fillLedgers(line: CommandLine, waiting: Waiting): Promise<number> {
  try {
    return await fill(line, waiting);
  } catch (error) {
    line.complain(`ledger:fill: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof UsageError) line.complain(`${USAGE}\n`);
    return 2;
  }
}
