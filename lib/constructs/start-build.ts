import { Aws, Stack } from 'aws-cdk-lib';
import type { IProject } from 'aws-cdk-lib/aws-codebuild';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { QueryLanguage, TaskStateBase, type TaskStateJsonataBaseProps } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

export interface StartBuildProps extends TaskStateJsonataBaseProps {
  readonly project: IProject;
  /** JSONata expression, without its delimiters, of an object with the overrides of StartBuild in PascalCase. */
  readonly overrides: string;
}

/**
 * Starts a build and waits for its end (`.sync`). CDK's CodeBuildStartBuild takes environment variables only; every
 * build here also brings its own source, credentials, commit and idempotency token.
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
        resources: [props.project.projectArn],
      }),
      // Step Functions learns of the build's end by an EventBridge rule that it makes itself, one per account and region.
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
    const { project, overrides } = this.build;
    const own = `{"ProjectName": "${project.projectName}"}`;
    return {
      Resource: `arn:${Aws.PARTITION}:states:::codebuild:startBuild.sync`,
      ...this._renderParametersOrArguments(`{% $merge([${overrides}, ${own}]) %}`, QueryLanguage.JSONATA),
    };
  }
}
