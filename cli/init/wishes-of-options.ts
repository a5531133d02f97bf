import { ProviderSchema } from '../../lambdas/domain/contract/build-source.ts';
import { CommandError } from '../output/command-error.ts';
import {
  AccountSchema,
  type Approver,
  approversIn,
  perEnvironment,
  RegionValueSchema,
  StageValueSchema,
  type Wishes,
} from './wishes.ts';

/** The options of the command, as texts. */
export interface InitOptions {
  readonly stage?: string | undefined;
  readonly account?: string | undefined;
  readonly accountRegion?: string | undefined;
  readonly staff?: string | undefined;
  readonly client?: string | undefined;
  readonly clientName?: string | undefined;
  readonly url?: string | undefined;
  readonly branch?: string | undefined;
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  readonly engine?: string | undefined;
}

/** Reads the options. Throws CommandError that names a wrong one and its value. */
export function wishesOf(options: InitOptions): Wishes {
  const { data: provider } = ProviderSchema.optional().safeParse(options.provider);
  if (options.provider !== undefined && provider === undefined)
    throw new CommandError(
      'usage',
      `--provider: ${JSON.stringify(options.provider)} is none of ${ProviderSchema.options.join(', ')}`,
    );
  const { engine } = options;
  if (engine !== undefined && engine !== 'terraform' && engine !== 'opentofu')
    throw new CommandError('usage', `--engine: ${JSON.stringify(engine)} is neither terraform nor opentofu`);
  return {
    stages: perEnvironment('--stage', options.stage, StageValueSchema),
    accounts: perEnvironment('--account', options.account, AccountSchema),
    regions: perEnvironment('--account-region', options.accountRegion, RegionValueSchema),
    approvers: eachOnce([
      ...approversIn('--staff', 'staff', options.staff),
      ...approversIn('--client', 'client', options.client),
    ]),
    client: options.clientName,
    url: options.url,
    branch: options.branch,
    provider,
    connectionArn: options.connection,
    engine,
  };
}

/** Throws CommandError if an address is given twice: the second request would replace the first. */
function eachOnce(approvers: readonly Approver[]): readonly Approver[] {
  const emails = approvers.map(({ email }) => email);
  const twice = emails.find((email, at) => emails.indexOf(email) !== at);
  if (twice === undefined) return approvers;
  throw new CommandError('usage', `--staff and --client name ${twice} twice`, {
    nextStep: 'Name each address once: one person decides at one gate.',
  });
}
