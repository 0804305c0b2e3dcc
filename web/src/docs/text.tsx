import styles from './docs.module.css';

/** Descriptions are short texts with paragraphs and `code`, and nothing else of Markdown. */
export function Text({ children }: { children: string }) {
  const paragraphs = children.split(/\n\s*\n/);
  return paragraphs.map((paragraph) => (
    <p key={paragraph} className={styles.text}>
      <Line>{paragraph}</Line>
    </p>
  ));
}

/** One paragraph of it, for where only phrases may stand. */
export function Line({ children }: { children: string }) {
  const pieces = children
    .split('`')
    .map((text, index) => ({ text, isCode: index % 2 === 1, index }));
  return pieces.map(({ text, isCode, index }) =>
    isCode ? <code key={index}>{text}</code> : <span key={index}>{text}</span>,
  );
}
