import { asList, flat, ofType, type Resource, type Statement, type Template } from '../harness/synthesized.ts';

/** Properties with the physical names of what executions, functions, builds and people's tools refer to. */
const NAMES: Readonly<Record<string, string>> = {
  'AWS::CodeBuild::Project': 'Name',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Events::EventBus': 'Name',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
  'AWS::IAM::Role': 'RoleName',
  'AWS::KMS::Alias': 'AliasName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::Scheduler::ScheduleGroup': 'Name',
  'AWS::StepFunctions::StateMachine': 'StateMachineName',
};

/**
 * Returns names, grants and routes of a template, a text for each: `AWS::Lambda::Function stagegate-announce`. While an
 * execution of a release may run, everything that its template had has to be in the newer one, too.
 */
export function factsOf(template: Template): Set<string> {
  const resources = Object.entries(template.Resources);
  const names = resources.flatMap(([, { Type, Properties }]) => {
    const name = NAMES[Type] && Properties?.[NAMES[Type]];
    return name === undefined ? [] : [`${Type} ${flat(name)}`];
  });
  return new Set([...names, ...grantsOf(template), ...invocationsOf(template), ...routesOf(template)].map(withoutIds));
}

/** Hides what differs and has no meaning here: hashes of logical ids and of assets, and the test's connection. */
const withoutIds = (fact: string): string =>
  fact
    .replaceAll(/arn:aws:codeconnections:[^\s",]*/g, '<connection>')
    .replaceAll(/(github-?)[0-9a-f]{12}/g, '$1')
    .replaceAll(/[0-9a-f]{64}\.zip/g, '<asset>')
    .replaceAll(/(<\w+?)[0-9A-F]{8}(?=[.>])/g, '$1');

function grantsOf(template: Template): string[] {
  const labels = roleLabels(template);
  const labelOf = (role: unknown): string => labels.get(flat(role).replace(/^<([^.>]+).*>$/, '$1')) ?? flat(role);
  const inline = ofType(template, 'AWS::IAM::Role').flatMap(([id, { Properties }]) => [
    `${labels.get(id)} trusts ${JSON.stringify(Properties.AssumeRolePolicyDocument.Statement, flattened)}`,
    ...asList(Properties.Policies ?? []).flatMap(({ PolicyDocument }) =>
      allowances(labels.get(id) ?? id, PolicyDocument.Statement),
    ),
  ]);
  const attached = ofType(template, 'AWS::IAM::Policy').flatMap(([, { Properties }]) =>
    asList<unknown>(Properties.Roles).flatMap((role) => allowances(labelOf(role), Properties.PolicyDocument.Statement)),
  );
  const managed = ofType(template, 'AWS::IAM::ManagedPolicy').flatMap(([, { Properties }]) =>
    allowances(`policy ${flat(Properties.ManagedPolicyName)}`, Properties.PolicyDocument.Statement),
  );
  return [...inline, ...attached, ...managed];
}

/** Returns a name for each role: its own, or what uses it. */
function roleLabels(template: Template): Map<string, string> {
  const users = Object.values(template.Resources).flatMap(({ Type, Properties }) => {
    const role: unknown = Properties?.Role ?? Properties?.ServiceRole ?? Properties?.RoleArn;
    const [, id] = /^<(\w+)\.Arn>$/.exec(role === undefined ? '' : flat(role)) ?? [];
    const name = NAMES[Type] && Properties[NAMES[Type]];
    return id === undefined || name === undefined ? [] : [[id, `role of ${flat(name)}`] as const];
  });
  const named = ofType(template, 'AWS::IAM::Role').map(([id, { Properties }]): [string, string] => [
    id,
    Properties.RoleName === undefined ? `role ${id}` : `role ${flat(Properties.RoleName)}`,
  ]);
  return new Map([...named, ...users]);
}

const allowances = (who: string, statements: Statement | Statement[]): string[] =>
  asList(statements)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource, Condition }) =>
      asList(Action).flatMap((action) =>
        asList(Resource).map(
          (resource) =>
            `${who} may ${action} on ${flat(resource)}${Condition ? ` if ${JSON.stringify(Condition, flattened)}` : ''}`,
        ),
      ),
    );

/** Writes references within JSON as texts. */
const flattened = (_key: string, value: unknown): unknown =>
  value && typeof value === 'object' && ['Ref', 'Fn::GetAtt', 'Fn::Join', 'Fn::Sub'].some((name) => name in value)
    ? flat(value)
    : value;

const invocationsOf = (template: Template): string[] =>
  ofType(template, 'AWS::Lambda::Permission').map(
    ([, { Properties }]) => `${flat(Properties.Principal)} may invoke ${nameOf(template, Properties.FunctionName)}`,
  );

function nameOf({ Resources }: Template, functionName: unknown): string {
  const id = flat(functionName).replace(/^<([^.>]+).*>$/, '$1');
  const target: Resource | undefined = Resources[id];
  return target ? flat(target.Properties.FunctionName) : id;
}

/**
 * Returns the routes with their logical ids. CloudFormation makes a route with a new id before it deletes the old one,
 * and API Gateway refuses a second route with the same key.
 */
const routesOf = (template: Template): string[] =>
  ofType(template, 'AWS::ApiGatewayV2::Route').map(([id, { Properties }]) => `route ${Properties.RouteKey}: id ${id}`);
