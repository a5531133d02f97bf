import * as z from 'zod';
import { type Definition, parseDefinition } from '../../asl/definition.ts';
import { BooleanProperty, parseProperties, TagsProperty } from '../../assembly/properties.ts';
import { roleSession } from '../../door/callers.ts';
import type { LocalContext } from '../local-context.ts';
import type { Provisioner } from '../local-service.ts';
import type { ExecutionStore } from './execution-store.ts';
import { type Integration, parseResource } from './integration.ts';

const LoggingConfigurationSchema = z.strictObject({
  Destinations: z
    .array(z.strictObject({ CloudWatchLogsLogGroup: z.strictObject({ LogGroupArn: z.string() }) }))
    .max(1)
    .default([]),
  IncludeExecutionData: BooleanProperty.default(false),
  Level: z.enum(['ALL', 'ERROR', 'FATAL', 'OFF']).default('OFF'),
});
export type LoggingConfiguration = z.infer<typeof LoggingConfigurationSchema>;

const StateMachineProperties = z.strictObject({
  StateMachineName: z.string().max(80).optional(),
  StateMachineType: z.literal('STANDARD').default('STANDARD'),
  DefinitionString: z.string(),
  RoleArn: z.string(),
  LoggingConfiguration: LoggingConfigurationSchema.default({
    Destinations: [],
    IncludeExecutionData: false,
    Level: 'OFF',
  }),
  TracingConfiguration: z.strictObject({ Enabled: BooleanProperty }).default({ Enabled: false }),
  Tags: TagsProperty,
});

/** A state machine of the template. */
export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definitionText: string;
  readonly definitionId: string;
  readonly definition: Definition;
  readonly logging: LoggingConfiguration;
  readonly tracing: boolean;
  readonly createdAt: Date;
}

/** Permissions that Step Functions requires of the role of a machine that logs. */
const LOG_DELIVERY_ACTIONS = [
  'CreateLogDelivery',
  'DescribeLogGroups',
  'DescribeResourcePolicies',
  'GetLogDelivery',
  'ListLogDeliveries',
  'PutResourcePolicy',
  'UpdateLogDelivery',
];

/**
 * The rule that reports the ends of builds to Step Functions; Step Functions makes it with the permissions of the
 * machine's role.
 */
const BUILD_RULE = 'StepFunctionsGetEventForCodeBuildStartBuildRule';

interface StateMachineProvisionerProps {
  readonly context: Pick<LocalContext, 'accountId' | 'region' | 'door'>;
  readonly store: ExecutionStore;
  readonly integrations: Readonly<Record<string, Integration>>;
  readonly createdAt: () => Date;
  readonly add: (machine: StateMachine) => void;
}

/** Makes state machines. Throws an error that names any part that AWS or this interpreter would refuse. */
export function createStateMachineProvisioner(props: StateMachineProvisionerProps): Provisioner {
  const { accountId, region, door } = props.context;
  return (resource) => {
    const properties = parseProperties(resource, StateMachineProperties);
    const { RoleArn: roleArn, DefinitionString: definitionText, LoggingConfiguration: logging } = properties;
    const name = properties.StateMachineName ?? resource.generatedName;
    const arn = `arn:aws:states:${region}:${accountId}:stateMachine:${name}`;
    const definition = parseDefinition(definitionText);
    const hasSync = requireResources(definition, props.integrations);
    const role = roleSession(roleArn, 'create-state-machine');
    if (logging.Level !== 'OFF') {
      for (const action of LOG_DELIVERY_ACTIONS) door.authorize(role, { action: `logs:${action}`, resources: ['*'] });
    }
    if (hasSync) {
      const rule = `arn:aws:events:${region}:${accountId}:rule/${BUILD_RULE}`;
      for (const action of ['PutRule', 'PutTargets', 'DescribeRule']) {
        door.authorize(role, { action: `events:${action}`, resources: [rule] });
      }
    }
    props.add({
      arn,
      name,
      roleArn,
      definitionText,
      definitionId: props.store.addDefinition(definitionText),
      definition,
      logging,
      tracing: properties.TracingConfiguration.Enabled,
      createdAt: props.createdAt(),
    });
    return { ref: arn, attributes: { Arn: arn, Name: name } };
  };
}

/** Throws for a Task whose Resource is not supported; returns whether any Task runs a job. */
function requireResources({ States }: Definition, integrations: Readonly<Record<string, Integration>>): boolean {
  const patterns = Object.entries(States).flatMap(([name, state]) => {
    if (state.Type !== 'Task') return [];
    const parsed = parseResource(state.Resource);
    const integration = parsed && integrations[parsed.action];
    if (!integration || (parsed.pattern !== 'requestResponse' && !integration.patterns.includes(parsed.pattern))) {
      throw new Error(`state "${name}": the Resource ${state.Resource} is not supported by the local cloud`);
    }
    return [parsed.pattern];
  });
  return patterns.includes('sync');
}
