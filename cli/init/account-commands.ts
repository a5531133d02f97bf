import { DEFAULT_INSTALLATION } from '../../lambdas/domain/contract/installation.ts';

interface Places {
  readonly application: string;
  readonly environments: readonly { readonly name: string; readonly accountId: string; readonly region: string }[];
  readonly installation: string;
  /** Region of the control plane, if it is known. */
  readonly region: string | undefined;
}

/**
 * Returns the commands that print what to deploy into the accounts of environments. They read the external ids of
 * environments, which no answer of the API contains, with credentials of the control account.
 */
export function accountCommands({ application, environments, installation, region }: Places): string {
  const stack = installation === DEFAULT_INSTALLATION ? 'Stagegate' : `Stagegate-${installation}`;
  const query = `--query "Stacks[0].Outputs[?OutputKey=='TableName'].OutputValue" --output text`;
  const at = region === undefined ? '' : ` --region ${region}`;
  return [
    '# In a checkout of Stagegate, with credentials of the control account:',
    `${region === undefined ? '' : `export AWS_REGION=${region}\n`}TABLE=$(aws cloudformation describe-stacks${at} --stack-name ${stack} ${query})`,
    'CONTROL=$(aws sts get-caller-identity --query Account --output text)',
    ...environments.flatMap(({ name, accountId, region: there }) => [
      `# ${name}: prints what to deploy into account ${accountId}, ${there}. The output contains a secret.`,
      `npm run target-account -- --table "$TABLE" --control-account "$CONTROL" --application ${application} --environment ${name}${installation === DEFAULT_INSTALLATION ? '' : ` --installation ${installation}`}`,
    ]),
  ].join('\n');
}
