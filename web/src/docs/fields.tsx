import type { ApiDocument, NamedSchema, Schema, WrittenOperation } from './api-document';
import { resolve } from './api-document';
import styles from './docs.module.css';
import { Line } from './text';
import { typeWords } from './type-words';

interface FieldProps {
  document: ApiDocument;
  name: string;
  /** Where it stands and whether it may be left out. */
  note?: string;
  schema: Schema;
  description?: string | undefined;
}

function Field({ document, name, note, schema, description }: FieldProps) {
  const words = description ?? schema.description ?? resolve(document, schema).schema.description;
  return (
    <div className={styles.field}>
      <dt>
        <code className={styles.name}>{name}</code>
        <span className={styles.type}>{typeWords(document, schema)}</span>
        {note !== undefined && <span className={styles.note}>{note}</span>}
      </dt>
      {words !== undefined && (
        <dd>
          <Line>{words}</Line>
        </dd>
      )}
    </div>
  );
}

/** What goes into the head of a request and into its address. */
export function Parameters({
  document,
  parameters,
}: {
  document: ApiDocument;
  parameters: NonNullable<WrittenOperation['parameters']>;
}) {
  return (
    <dl className={styles.fields}>
      {parameters.map(({ name, in: place, required, schema, description }) => (
        <Field
          key={name}
          document={document}
          name={name}
          note={required === true ? place : `${place}, optional`}
          schema={schema}
          description={description}
        />
      ))}
    </dl>
  );
}

/** The members of a body. */
export function Members({ document, body }: { document: ApiDocument; body: NamedSchema }) {
  const members = Object.entries(body.schema.properties ?? {});
  if (members.length === 0) return null;
  const required = body.schema.required ?? [];
  return (
    <dl className={styles.fields}>
      {members.map(([name, schema]) => (
        <Field
          key={name}
          document={document}
          name={name}
          schema={schema}
          {...(required.includes(name) ? {} : { note: 'optional' })}
        />
      ))}
    </dl>
  );
}
