import type { ApiDocument, NamedSchema, WrittenOperation } from './api-document';
import { bodiesOf } from './api-document';
import styles from './docs.module.css';
import { exampleOf } from './examples';
import { Members } from './fields';
import { Line, Text } from './text';

type Answer = WrittenOperation['responses'][string];

/** Every answer to an operation: its code and meaning in a line, the rest on demand. */
export function Answers({
  document,
  responses,
}: {
  document: ApiDocument;
  responses: WrittenOperation['responses'];
}) {
  return (
    <div className={styles.answers}>
      {Object.entries(responses).map(([code, answer]) => (
        <details key={code} className={styles.answer} open={code === '200'}>
          <summary>
            <code className={styles.code}>{code}</code>
            <span>
              <Line>{answer.description}</Line>
            </span>
          </summary>
          <div className={styles.inside}>
            <Bodies document={document} answer={answer} />
            <Headers answer={answer} />
          </div>
        </details>
      ))}
    </div>
  );
}

function Bodies({ document, answer }: { document: ApiDocument; answer: Answer }) {
  const bodies = bodiesOf(document, answer.content);
  if (bodies.length === 0) return <p className={styles.text}>It has no body.</p>;
  return bodies.map((body) => <Body key={body.name} document={document} body={body} />);
}

function Body({ document, body }: { document: ApiDocument; body: NamedSchema }) {
  const { name, schema } = body;
  return (
    <section className={styles.body}>
      {name !== null && <h5 className={styles.schema}>{name}</h5>}
      {schema.description !== undefined && <Text>{schema.description}</Text>}
      <Members document={document} body={body} />
      {schema.properties !== undefined && (
        <pre className={styles.block}>
          <code>{JSON.stringify(exampleOf(document, schema), null, 2)}</code>
        </pre>
      )}
    </section>
  );
}

function Headers({ answer }: { answer: Answer }) {
  const headers = Object.entries(answer.headers ?? {});
  return (
    <dl className={styles.fields}>
      {headers.map(([name, { description }]) => (
        <div key={name} className={styles.field}>
          <dt>
            <code className={styles.name}>{name}</code>
            <span className={styles.note}>header</span>
          </dt>
          {description !== undefined && (
            <dd>
              <Line>{description}</Line>
            </dd>
          )}
        </div>
      ))}
    </dl>
  );
}
