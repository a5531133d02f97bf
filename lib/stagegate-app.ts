import { App, type AppProps, DefaultStackSynthesizer } from 'aws-cdk-lib';
import { DEFAULT_INSTALLATION } from '../lambdas/domain/contract/installation.ts';
import { type Config, parseConfig } from './config.ts';
import { STACK_TAGS } from './records-table.ts';
import { type Bundles, StagegateStack } from './stagegate-stack.ts';
import { StateBucketStack } from './state-bucket-stack.ts';
import { TargetAccountStack } from './target-account-stack.ts';

/** Reads the configuration from the context, by an app that is never synthesized. Throws ConfigurationError. */
export const readConfiguration = (): Config => parseConfig(new App({ autoSynth: false }).node.getAllContext());

/** Makes the app with all its stacks, configured by its context. */
export function makeApp(bundles: Bundles, props: AppProps = {}): App {
  const app = new App({ analyticsReporting: false, ...props });
  const config = parseConfig(app.node.getAllContext());
  const { installation } = config;
  new StagegateStack(app, 'Stagegate', {
    config,
    bundles,
    description: 'Stagegate: promotes Terraform releases through environments with approvals',
    env: { account: config.account, region: config.region },
    tags: STACK_TAGS,
    ...stackName('Stagegate', installation),
    // The CLI checks the bootstrap version itself. Without the rule, the template needs no parameter for that version.
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
    terminationProtection: config.removalPolicy === 'retain',
  });
  new TargetAccountStack(app, 'StagegateTargetAccount', {
    installation,
    ...stackName('StagegateTargetAccount', installation),
  });
  new StateBucketStack(app, 'StagegateStateBucket', {
    installation,
    ...stackName('StagegateStateBucket', installation),
  });
  return app;
}

/** Returns the name of a stack unless it is the default. The files of a stack have the same names in every installation. */
const stackName = (id: string, installation: string): { stackName?: string } =>
  installation === DEFAULT_INSTALLATION ? {} : { stackName: `${id}-${installation}` };
