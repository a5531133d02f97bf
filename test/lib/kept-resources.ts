import type { Resource, Template } from '../harness/synthesized.ts';
import { flat } from '../harness/synthesized.ts';

interface Kind {
  /**
   * The property with the physical name. With a new logical id, CloudFormation makes the new resource first, and the
   * name is still taken then.
   */
  readonly name?: string;
  /** Set for a resource that has contents, or that others know by its id from AWS. A new one would lose both. */
  readonly isKept?: true;
  /**
   * What else cannot be changed in an installation (`createOnlyProperties` of the type's schema in the CloudFormation
   * registry): CloudFormation would make a new resource. It refuses to if the name is taken, and contents would be lost.
   */
  readonly createOnly?: readonly string[];
}

/** Every resource type in the templates. A resource without name and contents may get another logical id. */
const KINDS: Readonly<Record<string, Kind>> = {
  'AWS::ApiGatewayV2::Api': { name: 'Name', isKept: true, createOnly: ['ProtocolType'] },
  'AWS::ApiGatewayV2::Integration': {},
  'AWS::ApiGatewayV2::Route': {},
  'AWS::ApiGatewayV2::Stage': { name: 'StageName', isKept: true },
  'AWS::CloudWatch::Alarm': { name: 'AlarmName' },
  'AWS::CodeBuild::Project': { name: 'Name' },
  'AWS::DynamoDB::Table': { name: 'TableName', isKept: true, createOnly: ['KeySchema'] },
  'AWS::Events::EventBus': { name: 'Name', isKept: true },
  'AWS::Events::Rule': { name: 'Name' },
  'AWS::IAM::ManagedPolicy': { name: 'ManagedPolicyName', createOnly: ['Description', 'Path'] },
  'AWS::IAM::Policy': {},
  'AWS::IAM::Role': { name: 'RoleName', createOnly: ['Path'] },
  'AWS::KMS::Alias': { name: 'AliasName' },
  'AWS::KMS::Key': { isKept: true },
  'AWS::Lambda::Function': { name: 'FunctionName', createOnly: ['PackageType'] },
  'AWS::Lambda::Permission': {},
  'AWS::Logs::LogGroup': { name: 'LogGroupName', isKept: true },
  'AWS::Logs::MetricFilter': { name: 'FilterName', createOnly: ['LogGroupName'] },
  'AWS::S3::Bucket': { name: 'BucketName', isKept: true },
  'AWS::S3::BucketPolicy': {},
  'AWS::SNS::Topic': { name: 'TopicName', isKept: true, createOnly: ['FifoTopic'] },
  'AWS::SNS::TopicPolicy': {},
  'AWS::SQS::Queue': { name: 'QueueName', isKept: true, createOnly: ['FifoQueue'] },
  'AWS::SQS::QueuePolicy': {},
  'AWS::Scheduler::ScheduleGroup': { name: 'Name', isKept: true },
  'AWS::StepFunctions::StateMachine': { name: 'StateMachineName', createOnly: ['StateMachineType'] },
};

/**
 * Returns type, physical name and create-only properties of every resource that must keep its logical id, by that id,
 * as in `AWS::IAM::ManagedPolicy stagegate-viewer Path "/"`.
 */
export const keptResources = (template: Pick<Template, 'Resources'>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(template.Resources)
      .flatMap(([id, resource]) => {
        const kept = keptAs(resource);
        return kept === undefined ? [] : [[id, kept] as const];
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );

/** Returns the physical names in a template, each with its type. */
export const physicalNames = (template: Pick<Template, 'Resources'>): string[] =>
  Object.values(template.Resources).flatMap(({ Type, Properties = {} }) => {
    const property = KINDS[Type]?.name;
    const name = property === undefined ? undefined : Properties[property];
    return name === undefined ? [] : [`${Type} ${flat(name)}`];
  });

function keptAs({ Type, Properties = {} }: Resource): string | undefined {
  const kind = KINDS[Type];
  if (!kind) throw new Error(`does a ${Type} keep its logical id? KINDS does not say`);
  const name = kind.name === undefined ? undefined : Properties[kind.name];
  if (name === undefined && !kind.isKept) return undefined;
  return [
    Type,
    ...(name === undefined ? [] : [flat(name)]),
    ...(kind.createOnly ?? [])
      .filter((property) => property in Properties)
      .map((property) => `${property} ${JSON.stringify(Properties[property])}`),
  ].join(' ');
}
