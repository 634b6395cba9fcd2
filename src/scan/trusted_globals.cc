#include "scan/pickle_policy.h"

namespace millwright::scan {

// Facts about scikit-learn 0.20 to 1.7, numpy 1 and 2, scipy, pandas, joblib, PyTorch, XGBoost and
// LightGBM: classes and makers that hold data. A function that a name here may be given to call is
// a global of its own and judged as such.
// clang-format off
const TrustedModule kTrustedModules[] = {
    {"_codecs", "encode"},
    {"builtins",
     "Ellipsis NoneType NotImplemented bool bytearray bytes complex dict float "
     "frozenset int list long object range set slice str tuple unicode xrange"},
    {"catboost.core", "CatBoost CatBoostClassifier CatBoostRegressor"},
    {"collections", "ChainMap Counter OrderedDict defaultdict deque"},
    {"copyreg", "_reconstructor"},
    {"datetime", "date datetime time timedelta timezone"},
    {"decimal", "Decimal"},
    {"fractions", "Fraction"},
    {"joblib.numpy_pickle", "NumpyArrayWrapper"},
    {"lightgbm.basic", "Booster"},
    {"lightgbm.sklearn", "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor"},
    {"numpy",
     "bool bool_ bytes_ complex128 complex64 datetime64 dtype float16 float32 float64 "
     "int16 int32 int64 int8 intc longdouble longlong matrix mean median memmap "
     "ndarray object_ recarray record str_ timedelta64 uint16 uint32 uint64 uint8 "
     "ulonglong void"},
    {"numpy._core._internal", "_convert_to_stringdtype_kwargs"},
    {"numpy._core.multiarray", "_reconstruct dtype ndarray scalar"},
    {"numpy._core.numeric", "_frombuffer"},
    {"numpy.core._internal", "_convert_to_stringdtype_kwargs"},
    {"numpy.core.multiarray", "_reconstruct dtype ndarray scalar"},
    {"numpy.core.numeric", "_frombuffer"},
    {"numpy.dtypes",
     "BoolDType BytesDType DateTime64DType Float16DType Float32DType Float64DType "
     "Int16DType Int32DType Int64DType Int8DType ObjectDType StrDType StringDType "
     "TimeDelta64DType UInt16DType UInt32DType UInt64DType UInt8DType"},
    {"numpy.ma.core", "MaskedArray _mareconstruct"},
    {"numpy.matrixlib.defmatrix", "matrix"},
    {"numpy.random", "__RandomState_ctor"},
    {"numpy.random._generator", "Generator"},
    {"numpy.random._mt19937", "MT19937"},
    {"numpy.random._pcg64", "PCG64 PCG64DXSM"},
    {"numpy.random._philox", "Philox"},
    {"numpy.random._pickle", "__bit_generator_ctor __generator_ctor __randomstate_ctor"},
    {"numpy.random._sfc64", "SFC64"},
    {"numpy.random.bit_generator", "SeedSequence __pyx_unpickle_SeedSequence"},
    {"numpy.random.mtrand", "RandomState"},
    {"pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"},
    {"pandas._libs.internals", "BlockManager _unpickle_block"},
    {"pandas._libs.missing", "NAType"},
    {"pandas._libs.tslibs.timestamps", "Timestamp _unpickle_timestamp"},
    {"pandas.core.arrays.boolean", "BooleanArray BooleanDtype"},
    {"pandas.core.arrays.categorical", "Categorical"},
    {"pandas.core.arrays.datetimes", "DatetimeArray"},
    {"pandas.core.arrays.floating", "Float64Dtype FloatingArray"},
    {"pandas.core.arrays.integer", "Int64Dtype IntegerArray"},
    {"pandas.core.arrays.string_", "StringArray StringDtype"},
    {"pandas.core.arrays.timedeltas", "TimedeltaArray"},
    {"pandas.core.dtypes.dtypes", "CategoricalDtype DatetimeTZDtype"},
    {"pandas.core.frame", "DataFrame"},
    {"pandas.core.indexes.base", "Index _new_Index"},
    {"pandas.core.indexes.category", "CategoricalIndex"},
    {"pandas.core.indexes.datetimes", "DatetimeIndex _new_DatetimeIndex"},
    {"pandas.core.indexes.multi", "MultiIndex"},
    {"pandas.core.indexes.numeric", "Float64Index Int64Index UInt64Index"},
    {"pandas.core.indexes.range", "RangeIndex"},
    {"pandas.core.internals.blocks", "new_block"},
    {"pandas.core.internals.managers", "BlockManager SingleBlockManager"},
    {"pandas.core.series", "Series"},
    {"pathlib", "PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath"},
    {"scipy.interpolate._bsplines", "BSpline"},
    {"scipy.interpolate._interpolate", "interp1d"},
    {"scipy.interpolate.interpolate", "interp1d"},
    {"scipy.sparse._arrays", "coo_array csc_array csr_array"},
    {"scipy.sparse._bsr", "bsr_array bsr_matrix"},
    {"scipy.sparse._coo", "coo_array coo_matrix"},
    {"scipy.sparse._csc", "csc_array csc_matrix"},
    {"scipy.sparse._csr", "csr_array csr_matrix"},
    {"scipy.sparse._dia", "dia_array dia_matrix"},
    {"scipy.sparse._dok", "dok_array dok_matrix"},
    {"scipy.sparse._lil", "lil_array lil_matrix"},
    {"scipy.sparse.bsr", "bsr_matrix"},
    {"scipy.sparse.coo", "coo_matrix"},
    {"scipy.sparse.csc", "csc_matrix"},
    {"scipy.sparse.csr", "csr_matrix"},
    {"scipy.sparse.dia", "dia_matrix"},
    {"scipy.sparse.dok", "dok_matrix"},
    {"scipy.sparse.lil", "lil_matrix"},
    {"scipy.special._ufuncs", "expit logit"},
    {"sklearn._loss._loss",
     "CyAbsoluteError CyExponentialLoss CyHalfBinomialLoss CyHalfGammaLoss "
     "CyHalfMultinomialLoss CyHalfPoissonLoss CyHalfSquaredError CyHalfTweedieLoss "
     "CyHalfTweedieLossIdentity CyHuberLoss CyLossFunction CyPinballLoss "
     "__pyx_unpickle_CyAbsoluteError __pyx_unpickle_CyExponentialLoss "
     "__pyx_unpickle_CyHalfBinomialLoss __pyx_unpickle_CyHalfGammaLoss "
     "__pyx_unpickle_CyHalfMultinomialLoss __pyx_unpickle_CyHalfPoissonLoss "
     "__pyx_unpickle_CyHalfSquaredError __pyx_unpickle_CyHalfTweedieLoss "
     "__pyx_unpickle_CyHalfTweedieLossIdentity __pyx_unpickle_CyHuberLoss "
     "__pyx_unpickle_CyLossFunction __pyx_unpickle_CyPinballLoss"},
    {"sklearn._loss.link",
     "BaseLink HalfLogitLink IdentityLink Interval LogLink LogitLink MultinomialLogit"},
    {"sklearn._loss.loss",
     "AbsoluteError BaseLoss ExponentialLoss HalfBinomialLoss HalfGammaLoss "
     "HalfMultinomialLoss HalfPoissonLoss HalfSquaredError HalfTweedieLoss "
     "HalfTweedieLossIdentity HuberLoss PinballLoss"},
    {"sklearn.calibration", "CalibratedClassifierCV _CalibratedClassifier _SigmoidCalibration"},
    {"sklearn.cluster._affinity_propagation", "AffinityPropagation"},
    {"sklearn.cluster._agglomerative", "AgglomerativeClustering FeatureAgglomeration"},
    {"sklearn.cluster._bicluster", "SpectralBiclustering SpectralCoclustering"},
    {"sklearn.cluster._birch", "Birch _CFNode _CFSubcluster"},
    {"sklearn.cluster._bisect_k_means", "BisectingKMeans _BisectingTree"},
    {"sklearn.cluster._dbscan", "DBSCAN"},
    {"sklearn.cluster._hdbscan.hdbscan", "HDBSCAN"},
    {"sklearn.cluster._kmeans",
     "KMeans MiniBatchKMeans _kmeans_single_elkan _kmeans_single_lloyd"},
    {"sklearn.cluster._mean_shift", "MeanShift"},
    {"sklearn.cluster._optics", "OPTICS"},
    {"sklearn.cluster._spectral", "SpectralClustering"},
    {"sklearn.compose._column_transformer",
     "ColumnTransformer _RemainderColsList make_column_selector"},
    {"sklearn.compose._target", "TransformedTargetRegressor"},
    {"sklearn.covariance._elliptic_envelope", "EllipticEnvelope"},
    {"sklearn.covariance._empirical_covariance", "EmpiricalCovariance"},
    {"sklearn.covariance._graph_lasso", "GraphicalLasso GraphicalLassoCV"},
    {"sklearn.covariance._robust_covariance", "MinCovDet"},
    {"sklearn.covariance._shrunk_covariance", "LedoitWolf OAS ShrunkCovariance"},
    {"sklearn.cross_decomposition._pls", "CCA PLSCanonical PLSRegression PLSSVD"},
    {"sklearn.decomposition._dict_learning",
     "DictionaryLearning MiniBatchDictionaryLearning SparseCoder"},
    {"sklearn.decomposition._factor_analysis", "FactorAnalysis"},
    {"sklearn.decomposition._fastica", "FastICA"},
    {"sklearn.decomposition._incremental_pca", "IncrementalPCA"},
    {"sklearn.decomposition._kernel_pca", "KernelPCA"},
    {"sklearn.decomposition._lda", "LatentDirichletAllocation"},
    {"sklearn.decomposition._nmf", "MiniBatchNMF NMF"},
    {"sklearn.decomposition._pca", "PCA"},
    {"sklearn.decomposition._sparse_pca", "MiniBatchSparsePCA SparsePCA"},
    {"sklearn.decomposition._truncated_svd", "TruncatedSVD"},
    {"sklearn.discriminant_analysis",
     "LinearDiscriminantAnalysis QuadraticDiscriminantAnalysis"},
    {"sklearn.dummy", "DummyClassifier DummyRegressor"},
    {"sklearn.ensemble._bagging", "BaggingClassifier BaggingRegressor"},
    {"sklearn.ensemble._forest",
     "ExtraTreesClassifier ExtraTreesRegressor RandomForestClassifier "
     "RandomForestRegressor RandomTreesEmbedding"},
    {"sklearn.ensemble._gb", "GradientBoostingClassifier GradientBoostingRegressor"},
    {"sklearn.ensemble._gb_losses",
     "BinomialDeviance ClassificationLossFunction ExponentialLoss HuberLossFunction "
     "LeastAbsoluteError LeastSquaresError LossFunction MultinomialDeviance "
     "QuantileLossFunction RegressionLossFunction"},
    {"sklearn.ensemble._hist_gradient_boosting.binning", "_BinMapper"},
    {"sklearn.ensemble._hist_gradient_boosting.gradient_boosting",
     "HistGradientBoostingClassifier HistGradientBoostingRegressor"},
    {"sklearn.ensemble._hist_gradient_boosting.predictor", "TreePredictor"},
    {"sklearn.ensemble._iforest", "IsolationForest"},
    {"sklearn.ensemble._stacking", "StackingClassifier StackingRegressor"},
    {"sklearn.ensemble._voting", "VotingClassifier VotingRegressor"},
    {"sklearn.ensemble._weight_boosting", "AdaBoostClassifier AdaBoostRegressor"},
    {"sklearn.ensemble.forest", "RandomForestClassifier RandomForestRegressor"},
    {"sklearn.ensemble.gradient_boosting",
     "GradientBoostingClassifier GradientBoostingRegressor"},
    {"sklearn.feature_extraction._dict_vectorizer", "DictVectorizer"},
    {"sklearn.feature_extraction._hash", "FeatureHasher"},
    {"sklearn.feature_extraction.image", "PatchExtractor"},
    {"sklearn.feature_extraction.text",
     "CountVectorizer HashingVectorizer TfidfTransformer TfidfVectorizer"},
    {"sklearn.feature_selection._from_model", "SelectFromModel"},
    {"sklearn.feature_selection._rfe", "RFE RFECV"},
    {"sklearn.feature_selection._sequential", "SequentialFeatureSelector"},
    {"sklearn.feature_selection._univariate_selection",
     "GenericUnivariateSelect SelectFdr SelectFpr SelectFwe SelectKBest "
     "SelectPercentile chi2 f_classif f_oneway f_regression"},
    {"sklearn.feature_selection._variance_threshold", "VarianceThreshold"},
    {"sklearn.frozen._frozen", "FrozenEstimator"},
    {"sklearn.gaussian_process._gpc", "GaussianProcessClassifier"},
    {"sklearn.gaussian_process._gpr", "GaussianProcessRegressor"},
    {"sklearn.gaussian_process.kernels",
     "CompoundKernel ConstantKernel DotProduct ExpSineSquared Exponentiation "
     "Hyperparameter Kernel KernelOperator Matern PairwiseKernel Product RBF "
     "RationalQuadratic Sum WhiteKernel"},
    {"sklearn.impute._base", "MissingIndicator SimpleImputer"},
    {"sklearn.impute._iterative", "IterativeImputer"},
    {"sklearn.impute._knn", "KNNImputer"},
    {"sklearn.isotonic", "IsotonicRegression"},
    {"sklearn.kernel_approximation",
     "AdditiveChi2Sampler Nystroem PolynomialCountSketch RBFSampler SkewedChi2Sampler"},
    {"sklearn.kernel_ridge", "KernelRidge"},
    {"sklearn.linear_model._base", "LinearRegression"},
    {"sklearn.linear_model._bayes", "ARDRegression BayesianRidge"},
    {"sklearn.linear_model._coordinate_descent",
     "ElasticNet ElasticNetCV Lasso LassoCV MultiTaskElasticNet MultiTaskElasticNetCV "
     "MultiTaskLasso MultiTaskLassoCV"},
    {"sklearn.linear_model._glm.glm", "GammaRegressor PoissonRegressor TweedieRegressor"},
    {"sklearn.linear_model._huber", "HuberRegressor"},
    {"sklearn.linear_model._least_angle", "Lars LarsCV LassoLars LassoLarsCV LassoLarsIC"},
    {"sklearn.linear_model._logistic", "LogisticRegression LogisticRegressionCV"},
    {"sklearn.linear_model._omp", "OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV"},
    {"sklearn.linear_model._passive_aggressive",
     "PassiveAggressiveClassifier PassiveAggressiveRegressor"},
    {"sklearn.linear_model._perceptron", "Perceptron"},
    {"sklearn.linear_model._quantile", "QuantileRegressor"},
    {"sklearn.linear_model._ransac", "RANSACRegressor"},
    {"sklearn.linear_model._ridge", "Ridge RidgeCV RidgeClassifier RidgeClassifierCV"},
    {"sklearn.linear_model._sgd_fast",
     "Classification EpsilonInsensitive Hinge Huber Log LossFunction ModifiedHuber "
     "Regression SquaredEpsilonInsensitive SquaredHinge SquaredLoss"},
    {"sklearn.linear_model._stochastic_gradient", "SGDClassifier SGDOneClassSVM SGDRegressor"},
    {"sklearn.linear_model._theil_sen", "TheilSenRegressor"},
    {"sklearn.linear_model.base", "LinearRegression"},
    {"sklearn.linear_model.logistic", "LogisticRegression"},
    {"sklearn.manifold._isomap", "Isomap"},
    {"sklearn.manifold._locally_linear", "LocallyLinearEmbedding"},
    {"sklearn.manifold._mds", "MDS"},
    {"sklearn.manifold._spectral_embedding", "SpectralEmbedding"},
    {"sklearn.manifold._t_sne", "TSNE"},
    {"sklearn.metrics._dist_metrics",
     "BrayCurtisDistance BrayCurtisDistance32 CanberraDistance CanberraDistance32 "
     "ChebyshevDistance ChebyshevDistance32 DiceDistance DiceDistance32 "
     "DistanceMetric DistanceMetric32 EuclideanDistance EuclideanDistance32 "
     "EuclideanDistance64 HammingDistance HammingDistance32 HaversineDistance "
     "HaversineDistance32 JaccardDistance JaccardDistance32 KulsinskiDistance "
     "KulsinskiDistance32 MahalanobisDistance MahalanobisDistance32 ManhattanDistance "
     "ManhattanDistance32 ManhattanDistance64 MatchingDistance MatchingDistance32 "
     "MinkowskiDistance MinkowskiDistance32 MinkowskiDistance64 "
     "RogersTanimotoDistance RogersTanimotoDistance32 RussellRaoDistance "
     "RussellRaoDistance32 SEuclideanDistance SEuclideanDistance32 "
     "SokalMichenerDistance SokalMichenerDistance32 SokalSneathDistance "
     "SokalSneathDistance32 WMinkowskiDistance WMinkowskiDistance32 newObj"},
    {"sklearn.mixture._bayesian_mixture", "BayesianGaussianMixture"},
    {"sklearn.mixture._gaussian_mixture", "GaussianMixture"},
    {"sklearn.model_selection._classification_threshold",
     "FixedThresholdClassifier TunedThresholdClassifierCV"},
    {"sklearn.model_selection._search", "GridSearchCV RandomizedSearchCV"},
    {"sklearn.multiclass",
     "OneVsOneClassifier OneVsRestClassifier OutputCodeClassifier _ConstantPredictor"},
    {"sklearn.multioutput",
     "ClassifierChain MultiOutputClassifier MultiOutputRegressor RegressorChain"},
    {"sklearn.naive_bayes", "BernoulliNB CategoricalNB ComplementNB GaussianNB MultinomialNB"},
    {"sklearn.neighbors._ball_tree", "BallTree BallTree32 BallTree64 newObj"},
    {"sklearn.neighbors._classification", "KNeighborsClassifier RadiusNeighborsClassifier"},
    {"sklearn.neighbors._graph", "KNeighborsTransformer RadiusNeighborsTransformer"},
    {"sklearn.neighbors._kd_tree", "KDTree KDTree32 KDTree64 newObj"},
    {"sklearn.neighbors._kde", "KernelDensity"},
    {"sklearn.neighbors._lof", "LocalOutlierFactor"},
    {"sklearn.neighbors._nca", "NeighborhoodComponentsAnalysis"},
    {"sklearn.neighbors._nearest_centroid", "NearestCentroid"},
    {"sklearn.neighbors._regression", "KNeighborsRegressor RadiusNeighborsRegressor"},
    {"sklearn.neighbors._unsupervised", "NearestNeighbors"},
    {"sklearn.neural_network._multilayer_perceptron", "MLPClassifier MLPRegressor"},
    {"sklearn.neural_network._rbm", "BernoulliRBM"},
    {"sklearn.neural_network._stochastic_optimizers", "AdamOptimizer SGDOptimizer"},
    {"sklearn.pipeline", "FeatureUnion Pipeline"},
    {"sklearn.preprocessing._data",
     "Binarizer KernelCenterer MaxAbsScaler MinMaxScaler Normalizer PowerTransformer "
     "QuantileTransformer RobustScaler StandardScaler"},
    {"sklearn.preprocessing._discretization", "KBinsDiscretizer"},
    {"sklearn.preprocessing._encoders", "OneHotEncoder OrdinalEncoder"},
    {"sklearn.preprocessing._function_transformer", "FunctionTransformer"},
    {"sklearn.preprocessing._label", "LabelBinarizer LabelEncoder MultiLabelBinarizer"},
    {"sklearn.preprocessing._polynomial", "PolynomialFeatures SplineTransformer"},
    {"sklearn.preprocessing._target_encoder", "TargetEncoder"},
    {"sklearn.preprocessing.data", "MinMaxScaler StandardScaler"},
    {"sklearn.preprocessing.label", "LabelBinarizer LabelEncoder"},
    {"sklearn.random_projection", "GaussianRandomProjection SparseRandomProjection"},
    {"sklearn.semi_supervised._label_propagation", "LabelPropagation LabelSpreading"},
    {"sklearn.semi_supervised._self_training", "SelfTrainingClassifier"},
    {"sklearn.svm._classes", "LinearSVC LinearSVR NuSVC NuSVR OneClassSVM SVC SVR"},
    {"sklearn.svm.classes", "LinearSVC LinearSVR SVC SVR"},
    {"sklearn.tree._classes",
     "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier "
     "ExtraTreeRegressor"},
    {"sklearn.tree._tree", "Tree"},
    {"sklearn.tree.tree", "DecisionTreeClassifier DecisionTreeRegressor"},
    {"sklearn.utils", "Bunch"},
    {"sklearn.utils._bunch", "Bunch"},
    {"torch",
     "BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
     "ComplexFloatStorage DoubleStorage FloatStorage Generator HalfStorage IntStorage "
     "LongStorage QInt32Storage QInt8Storage QUInt8Storage ShortStorage Size Tensor "
     "bfloat16 bool complex128 complex64 device double float float16 float32 float64 "
     "float8_e4m3fn float8_e5m2 half int int16 int32 int64 int8 long "
     "per_channel_affine per_tensor_affine qint32 qint8 quint8 short sparse_coo "
     "strided uint16 uint32 uint64 uint8"},
    {"torch._tensor", "_rebuild_from_type_v2"},
    {"torch._utils",
     "_rebuild_device_tensor_from_numpy _rebuild_meta_tensor_no_storage "
     "_rebuild_parameter _rebuild_parameter_with_state _rebuild_qtensor "
     "_rebuild_sparse_tensor _rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3"},
    {"torch.cuda",
     "BFloat16Storage BoolStorage ByteStorage CharStorage DoubleStorage FloatStorage "
     "HalfStorage IntStorage LongStorage ShortStorage"},
    {"torch.jit._pickle",
     "build_boollist build_doublelist build_intlist build_tensor_from_id "
     "build_tensorlist restore_type_tag"},
    {"torch.nn.modules.activation",
     "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU "
     "LogSigmoid LogSoftmax Mish MultiheadAttention PReLU ReLU ReLU6 SELU SiLU "
     "Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink "
     "Threshold"},
    {"torch.nn.modules.batchnorm", "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm"},
    {"torch.nn.modules.container",
     "ModuleDict ModuleList ParameterDict ParameterList Sequential"},
    {"torch.nn.modules.conv",
     "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d"},
    {"torch.nn.modules.dropout", "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d"},
    {"torch.nn.modules.flatten", "Flatten Unflatten"},
    {"torch.nn.modules.instancenorm", "InstanceNorm1d InstanceNorm2d InstanceNorm3d"},
    {"torch.nn.modules.linear", "Bilinear Identity Linear NonDynamicallyQuantizableLinear"},
    {"torch.nn.modules.loss",
     "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss "
     "NLLLoss SmoothL1Loss"},
    {"torch.nn.modules.normalization", "GroupNorm LayerNorm LocalResponseNorm RMSNorm"},
    {"torch.nn.modules.padding",
     "ConstantPad1d ConstantPad2d ReflectionPad1d ReflectionPad2d ReplicationPad1d "
     "ReplicationPad2d ZeroPad1d ZeroPad2d"},
    {"torch.nn.modules.pixelshuffle", "PixelShuffle PixelUnshuffle"},
    {"torch.nn.modules.pooling",
     "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d "
     "AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d MaxPool3d"},
    {"torch.nn.modules.rnn", "GRU GRUCell LSTM LSTMCell RNN RNNCell"},
    {"torch.nn.modules.sparse", "Embedding EmbeddingBag"},
    {"torch.nn.modules.transformer",
     "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
     "TransformerEncoderLayer"},
    {"torch.nn.modules.upsampling", "Upsample UpsamplingBilinear2d UpsamplingNearest2d"},
    {"torch.nn.parameter", "Buffer Parameter UninitializedParameter"},
    {"torch.serialization", "_get_layout"},
    {"torch.storage", "TypedStorage UntypedStorage _TypedStorage"},
    {"uuid", "UUID"},
    {"xgboost.core", "Booster DMatrix"},
    {"xgboost.sklearn",
     "XGBClassifier XGBModel XGBRFClassifier XGBRFRegressor XGBRanker XGBRegressor"},
};
// clang-format on
const size_t kTrustedModuleCount = sizeof kTrustedModules / sizeof kTrustedModules[0];

}  // namespace millwright::scan
