import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { metricNamespace, nameIn } from '../../lambdas/domain/contract/installation.ts';
import type { Config } from '../config.ts';
import type { Encryption } from './encryption.ts';
import type { Functions } from './functions.ts';
import { acknowledge } from './permissions.ts';
import type { RestApi } from './rest-api.ts';

/** Returns a metric that functions write as embedded metric. Rejections and expired gates do not count as failures. */
const metricOf = (installation: string, metricName: string): Metric =>
  new Metric({
    namespace: metricNamespace(installation),
    metricName,
    dimensionsMap: { service: 'deployments' },
    statistic: 'Sum',
    period: Duration.minutes(5),
  });

export interface AlarmsProps {
  readonly config: Config;
  readonly encryption: Encryption;
  readonly functions: Functions;
  readonly api: RestApi;
}

/** The alarms that somebody should act on, each with what users notice. */
export class Alarms extends Construct {
  private readonly installation: string;
  private readonly topic: ITopic | undefined;

  constructor(scope: Construct, id: string, { config, encryption, functions, api }: AlarmsProps) {
    super(scope, id);
    this.installation = config.installation;
    this.topic = this.makeTopic(config, encryption);
    const ownMetric = (name: string) => metricOf(config.installation, name);

    this.alarm('DeploymentsFailed', {
      userImpact:
        'A release did not reach its environment because something broke. The deployment says what and where.',
      metric: ownMetric('DeploymentsFailed'),
    });
    this.alarm('DeploymentsStuck', {
      userImpact:
        'An environment is held by a deployment that no longer runs: nothing can be deployed there until it is repaired.',
      metric: ownMetric('DeploymentsStuck'),
    });
    this.alarm('EnvironmentsStuck', {
      userImpact: 'An ephemeral environment could not be destroyed and costs money until somebody fixes the cause.',
      metric: ownMetric('EnvironmentsStuck'),
    });
    this.alarm('ApproversLost', {
      userImpact:
        'An approver gets no mail any more, because the subscription was ended. A new confirmation mail was sent; gates that need this person block or expire until it is answered.',
      metric: ownMetric('ApproversLost'),
    });
    this.alarm('CertificatesFailing', {
      userImpact:
        'A certificate is about to expire, was not renewed or cannot be asked about: browsers will refuse the hostname.',
      metric: ownMetric('CertificatesFailing'),
    });
    this.alarm('CredentialsRefused', {
      userImpact:
        'Somebody asked for credentials that are not theirs: code in a build, or a person with the ticket of one. The audit of the application says who and why.',
      metric: ownMetric('CredentialsRefused'),
    });
    this.alarm('RepositoriesReplaced', {
      userImpact:
        'Another repository of the git host has the name of a config repository: its pushes are not deployed until an admin confirms them. The answers of the webhook name both.',
      metric: ownMetric('RepositoriesReplaced'),
    });
    this.alarm('ProviderCacheMismatches', {
      userImpact:
        'A package in the provider cache is not the one that its name says. Builds do not use it and download the provider; somebody put it there.',
      metric: ownMetric('ProviderCacheMismatches'),
    });
    this.alarm('UnreadableRecords', {
      userImpact:
        'A stored record cannot be read: nothing that depends on it is decided, and lists leave it out. GET /health/details names it.',
      metric: ownMetric('UnreadableRecords'),
    });
    this.alarm('WebhooksRefused', {
      userImpact:
        'A delivery of the git host was not taken in, and git hosts do not send it again: its push is not deployed until it is delivered again or a release is requested.',
      metric: api.refusedWebhooks,
    });
    const consumers = {
      'register-push':
        'A push was not turned into a release. Nobody will see it deployed until the event is sent again.',
      promote:
        'A release that succeeded was not promoted by itself. The reconciler creates it later, or somebody asks for it.',
      reconcile: 'Repairs are failing: what gets stuck now stays stuck.',
      'branch-gone':
        'A branch is gone and its ephemeral environments were not ended. They end when their time is over.',
      sweep: 'Ephemeral environments may outlive their time, and nobody is warned before they end.',
      'send-reminders': 'Approvers are not reminded: gates expire because nobody thought of them.',
      'sweep-subscriptions':
        'Lost e-mail subscriptions are not noticed: approvers get no mail about gates that wait for them.',
      'check-certificates': 'Nobody looks whether certificates are renewed.',
      'check-records': 'Records that cannot be read, and promotions that were forgotten, are found only by chance.',
      'look-at-heads': 'Nobody looks whether pushes to public repositories were lost.',
    } as const;
    const names = [
      ...(['register-push', 'promote', 'reconcile', 'branch-gone', 'sweep'] as const),
      ...(['send-reminders', 'sweep-subscriptions', 'check-certificates', 'check-records'] as const),
      'look-at-heads' as const,
    ];
    for (const name of names) {
      const found = functions.find(name);
      if (!found) continue;
      const queue = found.deadLetters;
      if (!queue) throw new Error(`making the alarm on ${name}: it has no dead letters`);
      this.alarm(`DeadLetters-${name}`, {
        userImpact: consumers[name],
        metric: queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: 'Maximum' }),
      });
    }
  }

  /** Returns the topic for alarms, or undefined when none is configured. Then alarms show in CloudWatch only. */
  private makeTopic({ alarmEmail, alarmTopicArn }: Config, { dataKey }: Encryption): ITopic | undefined {
    if (alarmTopicArn) return Topic.fromTopicArn(this, 'Topic', alarmTopicArn);
    if (!alarmEmail) return undefined;
    const topic = new Topic(this, 'Topic', { displayName: 'Stagegate alarms', masterKey: dataKey, enforceSSL: true });
    dataKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'EncryptAlarms',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    topic.grantPublish(new ServicePrincipal('cloudwatch.amazonaws.com'));
    topic.addSubscription(new EmailSubscription(alarmEmail));
    acknowledge(
      topic,
      'Serverless-SNSRedrivePolicy',
      'a mail that cannot be delivered is lost; the alarm still shows in CloudWatch',
    );
    return topic;
  }

  private alarm(id: string, { metric, userImpact }: { metric: IMetric; userImpact: string }): void {
    const alarm = new Alarm(this, id, {
      alarmName: nameIn(this.installation, id),
      alarmDescription: `User impact: ${userImpact}`,
      metric,
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
  }
}
