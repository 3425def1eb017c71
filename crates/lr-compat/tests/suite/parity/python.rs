//! The few Python expressions that tables give for functions: arithmetic, comparisons, conditional
//! expressions, `min`, `max` and `math`'s functions, of one variable called `epoch`.

/// A function of `epoch`.
pub enum Expression {
    Number(f64),
    Epoch,
    Call(fn(&[f64]) -> f64, Vec<Expression>),
    /// One where the second is true, else the third.
    If(Box<[Expression; 3]>),
}

impl Expression {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text.trim() };
        let expression = parser.conditional()?;
        match parser.rest {
            "" => Ok(expression),
            rest => Err(format!("what is {rest:?} in {text:?}?")),
        }
    }

    pub fn at(&self, epoch: f64) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Epoch => epoch,
            Self::Call(function, arguments) => {
                let arguments: Vec<f64> = arguments.iter().map(|part| part.at(epoch)).collect();
                function(&arguments)
            }
            Self::If(parts) => {
                let [yes, condition, no] = &**parts;
                let branch = if condition.at(epoch) != 0.0 { yes } else { no };
                branch.at(epoch)
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

type Operator = (&'static str, fn(&[f64]) -> f64);

const COMPARISONS: &[Operator] = &[
    ("<=", |x| f64::from(x[0] <= x[1])),
    (">=", |x| f64::from(x[0] >= x[1])),
    ("==", |x| f64::from(x[0] == x[1])),
    ("!=", |x| f64::from(x[0] != x[1])),
    ("<", |x| f64::from(x[0] < x[1])),
    (">", |x| f64::from(x[0] > x[1])),
];
const SUMS: &[Operator] = &[("+", |x| x[0] + x[1]), ("-", |x| x[0] - x[1])];
const PRODUCTS: &[Operator] = &[
    ("//", |x| (x[0] / x[1]).floor()),
    ("*", |x| x[0] * x[1]),
    ("/", |x| x[0] / x[1]),
    ("%", |x| x[0].rem_euclid(x[1])),
];
const FUNCTIONS: &[Operator] = &[
    ("min", |x| x.iter().copied().fold(f64::INFINITY, f64::min)),
    ("max", |x| {
        x.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }),
    ("math.cos", |x| x[0].cos()),
    ("math.exp", |x| x[0].exp()),
    ("math.sqrt", |x| x[0].sqrt()),
];

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else {
            return false;
        };
        self.rest = rest.trim_start();
        true
    }

    fn conditional(&mut self) -> Result<Expression, String> {
        let yes = self.operators(COMPARISONS, |parser| parser.sum())?;
        if !self.take("if ") {
            return Ok(yes);
        }
        let condition = self.operators(COMPARISONS, |parser| parser.sum())?;
        if !self.take("else ") {
            return Err(format!("no else before {:?}", self.rest));
        }
        let no = self.conditional()?;
        Ok(Expression::If(Box::new([yes, condition, no])))
    }

    fn sum(&mut self) -> Result<Expression, String> {
        self.operators(SUMS, |parser| {
            parser.operators(PRODUCTS, |parser| parser.signed())
        })
    }

    /// Operands with operators of one rank between them, from the left.
    fn operators(
        &mut self,
        operators: &[Operator],
        mut operand: impl FnMut(&mut Self) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut left = operand(self)?;
        while let Some((_, function)) = operators.iter().find(|(token, _)| self.take(token)) {
            left = Expression::Call(*function, vec![left, operand(self)?]);
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expression, String> {
        if self.take("-") {
            return Ok(Expression::Call(|x| -x[0], vec![self.signed()?]));
        }
        let base = self.atom()?;
        match self.take("**") {
            true => Ok(Expression::Call(
                |x| x[0].powf(x[1]),
                vec![base, self.signed()?],
            )),
            false => Ok(base),
        }
    }

    fn atom(&mut self) -> Result<Expression, String> {
        if self.take("(") {
            let inside = self.conditional()?;
            return match self.take(")") {
                true => Ok(inside),
                false => Err(format!("no closing bracket before {:?}", self.rest)),
            };
        }
        for (name, value) in [
            ("epoch", Expression::Epoch),
            ("math.pi", Expression::Number(std::f64::consts::PI)),
        ] {
            if self.take(name) {
                return Ok(value);
            }
        }
        if let Some((_, function)) = FUNCTIONS.iter().find(|(name, _)| self.take(name)) {
            let mut arguments = Vec::new();
            let mut expected = "(";
            while self.take(expected) {
                arguments.push(self.conditional()?);
                expected = ",";
            }
            return match self.take(")") {
                true => Ok(Expression::Call(*function, arguments)),
                false => Err(format!("no end of a call before {:?}", self.rest)),
            };
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (number, _) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let value = number
            .parse()
            .map_err(|_| format!("what is {:?}?", self.rest))?;
        self.take(number);
        Ok(Expression::Number(value))
    }
}

#[test]
fn python_is_read_as_python_reads_it() {
    for (text, epoch, value) in [
        ("0.95 ** epoch", 2.0, 0.95f64.powi(2)),
        ("1.0 / (1 + epoch // 30)", 65.0, 1.0 / 3.0),
        ("0.95 if epoch % 2 else 0.99", 3.0, 0.95),
        ("0.95 if epoch % 2 else 0.99", 4.0, 0.99),
        (
            "1.0 if epoch < 10 else 0.5 if epoch < 20 else 0.1",
            15.0,
            0.5,
        ),
        ("min(1.0, (epoch + 1) / 10)", 4.0, 0.5),
        ("max(0.1, 1 - epoch / 50)", 49.0, 0.1),
        ("-2 ** 2 * 3 - 1", 0.0, -13.0),
    ] {
        assert_eq!(Expression::parse(text).unwrap().at(epoch), value, "{text}");
    }
    assert!(Expression::parse("lambda epoch: 1").is_err());
}
