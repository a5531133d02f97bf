import { Aws, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { QueryLanguage, TaskStateBase, type TaskStateJsonataBaseProps } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { BuildProject } from '../constructs/terraform-runner.ts';

export interface StartBuildProps extends TaskStateJsonataBaseProps {
  /** The projects of which the request must name one. */
  readonly projects: readonly BuildProject[];
  /** JSONata expression, without its delimiters, for the input of StartBuild in PascalCase. */
  readonly request: string;
  /** JSONata expression, without its delimiters, for whether the build may still be started; otherwise the task fails. */
  readonly mayStart?: string;
}

/**
 * Starts a build and waits for its end (`.sync`). CDK's CodeBuildStartBuild supports one project and environment
 * variables only. Here every request also has its own project and idempotency token; one that fetches a repository has
 * its location and commit. A request for a project that is not listed fails the task.
 */
export class StartBuild extends TaskStateBase {
  protected readonly taskMetrics = undefined;
  protected readonly taskPolicies: PolicyStatement[];
  private readonly build: StartBuildProps;

  constructor(scope: Construct, id: string, props: StartBuildProps) {
    super(scope, id, { ...props, queryLanguage: QueryLanguage.JSONATA });
    this.build = props;
    this.taskPolicies = [
      new PolicyStatement({
        actions: ['codebuild:BatchGetBuilds', 'codebuild:StartBuild', 'codebuild:StopBuild'],
        resources: props.projects.map(({ arn }) => arn),
      }),
      // Step Functions waits for the end of a build with an EventBridge rule that it makes once per account and region.
      new PolicyStatement({
        actions: ['events:DescribeRule', 'events:PutRule', 'events:PutTargets'],
        resources: [
          Stack.of(this).formatArn({
            service: 'events',
            resource: 'rule',
            resourceName: 'StepFunctionsGetEventForCodeBuildStartBuildRule',
          }),
        ],
      }),
    ];
  }

  protected _renderTask(): object {
    const { projects, request, mayStart } = this.build;
    const own = projects.map(({ name }) => `"${name}"`).join(', ');
    const otherwise = `$error("no project of this state: " & ${request}.ProjectName)`;
    const checked = `${request}.ProjectName in [${own}] ? ${request} : ${otherwise}`;
    const inTime = mayStart
      ? `${mayStart} ? (${checked}) : $error("the token of the build is no longer valid")`
      : checked;
    return {
      Resource: `arn:${Aws.PARTITION}:states:::codebuild:startBuild.sync`,
      ...this._renderParametersOrArguments(`{% ${inTime} %}`, QueryLanguage.JSONATA),
    };
  }
}
