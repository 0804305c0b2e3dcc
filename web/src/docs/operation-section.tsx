import { Answers } from './answers';
import type { ApiDocument, Operation } from './api-document';
import { bodiesOf } from './api-document';
import styles from './docs.module.css';
import { curlOf } from './examples';
import { Members, Parameters } from './fields';
import { Text } from './text';

interface OperationProps {
  document: ApiDocument;
  operation: Operation;
  origin: string;
}

/** One thing that can be asked: how, and what comes back. */
export function OperationSection({ document, operation, origin }: OperationProps) {
  const { method, path, written } = operation;
  const { operationId, summary, description, parameters, requestBody, responses } = written;
  return (
    <section
      id={operationId}
      className={styles.operation}
      aria-labelledby={`${operationId}-title`}
      tabIndex={-1}
    >
      <h3 id={`${operationId}-title`} className={styles.summary}>
        {summary}
      </h3>
      <p className={styles.route}>
        <span className={styles.method}>{method}</span> <code>{path}</code>
      </p>
      {description !== undefined && <Text>{description}</Text>}
      <pre className={styles.block} aria-label="With curl">
        <code>{curlOf(document, operation, origin)}</code>
      </pre>
      {parameters !== undefined && (
        <>
          <h4 className={styles.part}>Parameters</h4>
          <Parameters document={document} parameters={parameters} />
        </>
      )}
      {requestBody !== undefined && (
        <>
          <h4 className={styles.part}>Body</h4>
          {requestBody.description !== undefined && <Text>{requestBody.description}</Text>}
          {bodiesOf(document, requestBody.content).map((body) => (
            <Members key={body.name} document={document} body={body} />
          ))}
        </>
      )}
      <h4 className={styles.part}>Answers</h4>
      <Answers document={document} responses={responses} />
    </section>
  );
}
