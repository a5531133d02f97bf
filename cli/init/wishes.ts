import * as z from 'zod';
import type { Provider } from '../../lambdas/domain/contract/build-source.ts';
import { EmailSchema, RegionSchema } from '../../lambdas/domain/names.ts';
import { type GateName, type Stage, StageSchema } from '../../lambdas/domain/policy.ts';
import { CommandError } from '../output/command-error.ts';

/** Values that were given for single environments (`dev1=…`), and the one for all others. */
export interface PerEnvironment<Value> {
  readonly named: ReadonlyMap<string, Value>;
  readonly others: Value | undefined;
}

const split = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Reads `dev1=111111111111,prod1=333333333333`, or one value for all environments. Throws CommandError. */
export function perEnvironment<Value>(
  option: string,
  text: string | undefined,
  schema: z.ZodType<Value>,
): PerEnvironment<Value> {
  const named = new Map<string, Value>();
  let others: Value | undefined;
  for (const part of split(text)) {
    const [, name, written = ''] = /^(?:([^=]*)=)?(.*)$/.exec(part) ?? [];
    const { data, error } = schema.safeParse(written);
    if (data === undefined)
      throw new CommandError('usage', `${option}: ${JSON.stringify(written)} is not ${meaningOf(error)}`);
    if (name === undefined) others = data;
    else named.set(name, data);
  }
  return { named, others };
}

const meaningOf = (error: z.ZodError | undefined): string => error?.issues[0]?.message ?? 'allowed here';

export const valueFor = <Value>({ named, others }: PerEnvironment<Value>, name: string): Value | undefined =>
  named.get(name) ?? others;

export const AccountSchema = z.string().regex(/^\d{12}$/, 'a 12-digit AWS account id');
export const RegionValueSchema = RegionSchema;
export const StageValueSchema = z.enum(StageSchema.options, { error: 'development, staging or production' });

/** Reads `ops@example.com,lead@example.com`, each with the AWS principal of the person if there is one: `a@b.c=arn:…`. */
export function approversIn(option: string, gate: GateName, text: string | undefined): Approver[] {
  return split(text).map((part) => {
    const [written = '', ...rest] = part.split('=');
    const { data: email } = EmailSchema.safeParse(written);
    if (email === undefined)
      throw new CommandError('usage', `${option}: ${JSON.stringify(written)} is not an e-mail address`);
    const principal = rest.join('=');
    return { email, gates: [gate], principals: principal === '' ? [] : [principal] };
  });
}

export interface Approver {
  readonly email: string;
  readonly gates: [GateName];
  readonly principals: string[];
}

/** Everything that the options of the command say. */
export interface Wishes {
  readonly stages: PerEnvironment<Stage>;
  readonly accounts: PerEnvironment<string>;
  readonly regions: PerEnvironment<string>;
  readonly approvers: readonly Approver[];
  readonly client: string | undefined;
  readonly url: string | undefined;
  readonly branch: string | undefined;
  readonly provider: Provider | undefined;
  readonly connectionArn: string | undefined;
  readonly engine: 'terraform' | 'opentofu' | undefined;
}
